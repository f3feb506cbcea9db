// The semantic roles of the 40 training sentences of fixtures/srl without ELMo, in less than a minute on two cores: a
// trial of the machinery, whose score says nothing. `fixture_elmo.jsonnet` is the same with ELMo.
//
//   elmo-tasks train training_configs/srl/fixture_baseline.jsonnet -s runs/srl-baseline
local srl = import '../lib/srl.libsonnet';

local data = 'fixtures/srl';

srl.experiment(
  train=data + '/train.gold_conll',
  validation=data + '/dev.gold_conll',
  sizes=srl.fixture_sizes,
  training=srl.fixture_training,
)

// Parts of speech in the 49 training sentences of fixtures/pos without ELMo, in less than a minute on two cores: a trial
// of the machinery, whose score says nothing. `fixture_elmo.jsonnet` is the same with ELMo.
//
//   elmo-tasks train training_configs/pos/fixture_baseline.jsonnet -s runs/pos-fixture-baseline
local pos = import '../lib/pos.libsonnet';

local data = 'fixtures/pos';

pos.experiment(
  train=data + '/train.conllu',
  validation=data + '/dev.conllu',
  sizes=pos.fixture_sizes,
  training=pos.fixture_training,
)

// The semantic roles of the 40 training sentences of fixtures/srl with ELMo, the biLM "mini", at the input, in less than
// a minute on two cores: a trial of the machinery, whose score says nothing.
//
//   elmo-tasks train training_configs/srl/fixture_elmo.jsonnet -s runs/srl-elmo
//   elmo-tasks evaluate runs/srl-elmo/model.tar.gz fixtures/srl/dev.gold_conll --output-file runs/srl-elmo/dev.json
//   echo 'Ann gave Bo an old clock.' | elmo-tasks predict runs/srl-elmo/model.tar.gz -
local srl = import '../lib/srl.libsonnet';

local data = 'fixtures/srl';

srl.experiment(
  train=data + '/train.gold_conll',
  validation=data + '/dev.gold_conll',
  bilm='mini',
  sizes=srl.fixture_sizes,
  training=srl.fixture_training,
)

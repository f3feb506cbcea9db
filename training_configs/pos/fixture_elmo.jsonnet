// Parts of speech in the 49 training sentences of fixtures/pos with ELMo, the biLM "mini", at the input, in less than a
// minute on two cores: a trial of the machinery, whose score says nothing.
//
//   elmo-tasks train training_configs/pos/fixture_elmo.jsonnet -s runs/pos-fixture-elmo
//   elmo-tasks evaluate runs/pos-fixture-elmo/model.tar.gz fixtures/pos/dev.conllu --output-file runs/pos-fixture-elmo/dev.json
//   echo 'We run before the match.' | elmo-tasks predict runs/pos-fixture-elmo/model.tar.gz -
local pos = import '../lib/pos.libsonnet';

local data = 'fixtures/pos';

pos.experiment(
  train=data + '/train.conllu',
  validation=data + '/dev.conllu',
  bilm='mini',
  sizes=pos.fixture_sizes,
  training=pos.fixture_training,
)

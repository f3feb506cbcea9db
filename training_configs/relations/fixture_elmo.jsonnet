// The relations of the 40 training sentences of fixtures/relations with ELMo, the biLM "mini", at the input, in less
// than a minute on two cores: a trial of the machinery, whose score says nothing.
//
//   elmo-tasks train training_configs/relations/fixture_elmo.jsonnet -s runs/relations-elmo
//   elmo-tasks evaluate runs/relations-elmo/model.tar.gz fixtures/relations/dev.txt --output-file runs/relations-elmo/dev.json
//   echo 'The <e1>fire</e1> was caused by <e2>lightning</e2>.' | elmo-tasks predict runs/relations-elmo/model.tar.gz -
local relations = import '../lib/relations.libsonnet';

local data = 'fixtures/relations';

relations.experiment(
  train=data + '/train.txt',
  validation=data + '/dev.txt',
  bilm='mini',
  sizes=relations.fixture_sizes,
  training=relations.fixture_training,
)

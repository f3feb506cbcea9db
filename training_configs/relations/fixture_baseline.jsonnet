// The relations of the 40 training sentences of fixtures/relations without ELMo, in less than a minute on two cores: a
// trial of the machinery, whose score says nothing. `fixture_elmo.jsonnet` is the same with ELMo.
//
//   elmo-tasks train training_configs/relations/fixture_baseline.jsonnet -s runs/relations-baseline
local relations = import '../lib/relations.libsonnet';

local data = 'fixtures/relations';

relations.experiment(
  train=data + '/train.txt',
  validation=data + '/dev.txt',
  sizes=relations.fixture_sizes,
  training=relations.fixture_training,
)

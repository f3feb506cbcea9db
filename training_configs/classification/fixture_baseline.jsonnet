// The topics of the 48 training sentences of fixtures/classification without ELMo, in less than a minute on two cores:
// a trial of the machinery, whose score says nothing. `fixture_elmo.jsonnet` is the same with ELMo.
//
//   elmo-tasks train training_configs/classification/fixture_baseline.jsonnet -s runs/topics-baseline
local classification = import '../lib/classification.libsonnet';

local data = 'fixtures/classification';

classification.experiment(
  train=data + '/train.jsonl',
  validation=data + '/dev.jsonl',
  sizes=classification.fixture_sizes,
  training=classification.fixture_training,
)

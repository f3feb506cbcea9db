// The topics of the 48 training sentences of fixtures/classification with ELMo, the biLM "mini", at the input, in less
// than a minute on two cores: a trial of the machinery, whose score says nothing.
//
//   elmo-tasks train training_configs/classification/fixture_elmo.jsonnet -s runs/topics-elmo
//   elmo-tasks evaluate runs/topics-elmo/model.tar.gz fixtures/classification/dev.jsonl --output-file runs/topics-elmo/dev.json
//   echo 'Sleet is on its way.' | elmo-tasks predict runs/topics-elmo/model.tar.gz -
local classification = import '../lib/classification.libsonnet';

local data = 'fixtures/classification';

classification.experiment(
  train=data + '/train.jsonl',
  validation=data + '/dev.jsonl',
  bilm='mini',
  sizes=classification.fixture_sizes,
  training=classification.fixture_training,
)

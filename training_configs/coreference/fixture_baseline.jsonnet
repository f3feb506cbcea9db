// Coreference in the 18 training documents of fixtures/coreference without ELMo, in less than
// a minute on two cores: a trial of the machinery, whose score says nothing.
//
//   elmo-tasks train training_configs/coreference/fixture_baseline.jsonnet -s runs/coref-baseline
//   elmo-tasks evaluate runs/coref-baseline/model.tar.gz fixtures/coreference/dev.gold_conll --output-file runs/coref-baseline/dev.json
//   echo 'Ada found a cat. She gave it some milk.' | elmo-tasks predict runs/coref-baseline/model.tar.gz -
local coref = import '../lib/coreference.libsonnet';

local data = 'fixtures/coreference';

coref.experiment(
  train=data + '/train.gold_conll',
  validation=data + '/dev.gold_conll',
  genre_pattern='(..)/',
  speakers=true,
  sizes=coref.fixture_sizes,
  training=coref.fixture_training,
)

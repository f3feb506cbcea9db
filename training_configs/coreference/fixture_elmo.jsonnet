// Coreference in the 18 training documents of fixtures/coreference with ELMo, the biLM "mini", at the input, in less than
// a minute on two cores: a trial of the machinery, whose score says nothing.
//
//   elmo-tasks train training_configs/coreference/fixture_elmo.jsonnet -s runs/coref-elmo
//   elmo-tasks evaluate runs/coref-elmo/model.tar.gz fixtures/coreference/dev.gold_conll --output-file runs/coref-elmo/dev.json
//   echo 'Ada found a cat. She gave it some milk.' | elmo-tasks predict runs/coref-elmo/model.tar.gz -
local coref = import '../lib/coreference.libsonnet';

local data = 'fixtures/coreference';

coref.experiment(
  train=data + '/train.gold_conll',
  validation=data + '/dev.gold_conll',
  bilm='mini',
  genre_pattern='(..)/',
  speakers=true,
  sizes=coref.fixture_sizes,
  training=coref.fixture_training,
)

// English to German with the 48 training pairs of fixtures/translation with ELMo, the biLM "mini", at the encoder's
// input, in less than a minute on two cores: a trial of the machinery, whose score says nothing.
//
// Needs sacreBLEU (pip install "sacrebleu>=2.4").
//
//   elmo-tasks train training_configs/translation/fixture_elmo.jsonnet -s runs/translation-elmo
//   elmo-tasks evaluate runs/translation-elmo/model.tar.gz fixtures/translation/dev.tsv --output-file runs/translation-elmo/dev.json
//   echo 'The dog drinks milk.' | elmo-tasks predict runs/translation-elmo/model.tar.gz -
local translation = import '../lib/translation.libsonnet';

local data = 'fixtures/translation';

translation.experiment(
  train=data + '/train.tsv',
  validation=data + '/dev.tsv',
  max_steps=20,
  bilm='mini',
  sizes=translation.fixture_sizes,
  training=translation.fixture_training,
)

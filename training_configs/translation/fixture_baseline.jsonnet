// English to German with the 48 training pairs of fixtures/translation without ELMo, in less than a minute on two
// cores: a trial of the machinery, whose score says nothing. `fixture_elmo.jsonnet` is the same with ELMo.
//
// Needs sacreBLEU (pip install "sacrebleu>=2.4").
//
//   elmo-tasks train training_configs/translation/fixture_baseline.jsonnet -s runs/translation-baseline
local translation = import '../lib/translation.libsonnet';

local data = 'fixtures/translation';

translation.experiment(
  train=data + '/train.tsv',
  validation=data + '/dev.tsv',
  max_steps=20,
  sizes=translation.fixture_sizes,
  training=translation.fixture_training,
)

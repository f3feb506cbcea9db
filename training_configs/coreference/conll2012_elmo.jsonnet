// Coreference on CoNLL-2012's English data with ELMo at the biLSTM's input, and so in the heads of spans too: Peters et
// al. 2018, table 1, 70.4 on the test set.
//
// `conll2012_baseline.jsonnet`, with the published biLM "original" (downloaded on first use) and a penalty of 0.001 on
// the weights of its layers.
//
//   elmo-tasks train training_configs/coreference/conll2012_elmo.jsonnet -s runs/conll2012-elmo
local coref = import '../lib/coreference.libsonnet';

local corpus = 'data/conll2012';

coref.experiment(
  train=corpus + '/train.english.v4_gold_conll',
  validation=corpus + '/dev.english.v4_gold_conll',
  test=corpus + '/test.english.v4_gold_conll',
  glove='data/glove.840B.300d.txt',
  lowercase=false,
  bilm='original',
  genre_pattern='(..)/',
  speakers=true,
  sizes=coref.paper_sizes,
  training=coref.paper_training,
)

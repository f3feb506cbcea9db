// NER on CoNLL-2003 with ELMo at the input: Peters et al. 2018, table 1 (appendix A.4), and AllenNLP's
// ner_elmo.jsonnet.
//
// `conll2003_baseline.jsonnet` with the published biLM "original" (downloaded on first use); the weights of its
// layers are kept near each other by an L2 penalty of 0.1, as in AllenNLP's config. Differs from the paper as the
// baseline does.
//
//   elmo-tasks train training_configs/ner/conll2003_elmo.jsonnet -s runs/conll2003-elmo
local ner = import '../lib/ner.libsonnet';

local corpus = 'data/conll2003';

ner.experiment(
  train=corpus + '/eng.train',
  validation=corpus + '/eng.testa',
  test=corpus + '/eng.testb',
  glove='data/glove.6B.50d.txt',
  bilm='original',
)

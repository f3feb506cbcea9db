// NER on CoNLL-2003 without ELMo: the baseline of Peters et al. 2018, table 1 (appendix A.4), and of AllenNLP's
// ner.jsonnet.
//
// As there: word vectors of 50 dimensions, a character CNN with 128 filters of width 3 over 16 dimensions, two biLSTM
// layers, a CRF, dropout 0.5, Adam with 0.001, gradients clipped to a norm of 5, early stopping. Differs: GloVe where
// the paper has Senna vectors; both biLSTM layers have 200 units a direction (the paper's second: 100); the dropout
// is not variational; the learning rate is halved when development F1 stalls; words have boundary characters.
//
// Needs the corpus, which is not free (English, eng.train, eng.testa, eng.testb), and
// http://nlp.stanford.edu/data/glove.6B.zip.
//
//   elmo-tasks train training_configs/ner/conll2003_baseline.jsonnet -s runs/conll2003-baseline
local ner = import '../lib/ner.libsonnet';

local corpus = 'data/conll2003';

ner.experiment(
  train=corpus + '/eng.train',
  validation=corpus + '/eng.testa',
  test=corpus + '/eng.testb',
  glove='data/glove.6B.50d.txt',
)

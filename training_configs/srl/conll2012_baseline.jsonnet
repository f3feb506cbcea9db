// Semantic roles on CoNLL-2012 (OntoNotes) without ELMo: the baseline of Peters et al. 2018, table 1 (appendix A.3), the
// model of He et al. 2017.
//
// As there: GloVe vectors of 100 dimensions, which are trained, a vector of 100 for the predicate, 8 alternating LSTM
// layers of 300 units with highway connections, orthogonal weights and recurrent dropout of 0.1, of what the next layer
// reads too, Adadelta with 1.0 and 0.95, gradients clipped to a norm of 1, sentences of more than 100 tokens left out of
// training, 500 epochs at most. Differs: a batch is 25 sentences with their predicates, some 80 predicates, where theirs is 80 predicates of any
// sentences; decoding knows BIO, and no other constraint; training stops after 20 epochs without a better score. And a
// biLSTM is trained beside it that finds predicates; scores are for the given ones.
//
// Needs OntoNotes 5.0 (the Linguistic Data Consortium's LDC2013T19) in CoNLL-2012's columns, the files *.v4_gold_conll
// of each part behind one another in one file, in data/conll2012, and http://nlp.stanford.edu/data/glove.6B.zip.
//
//   elmo-tasks train training_configs/srl/conll2012_baseline.jsonnet -s runs/srl-baseline
local srl = import '../lib/srl.libsonnet';

local corpus = 'data/conll2012';

srl.experiment(
  train=corpus + '/train.english.v4_gold_conll',
  validation=corpus + '/dev.english.v4_gold_conll',
  test=corpus + '/test.english.v4_gold_conll',
  glove='data/glove.6B.100d.txt',
)

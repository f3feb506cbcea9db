// Coreference on CoNLL-2012's English data without ELMo: the baseline of Peters et al. 2018, table 1, which is the model
// of Lee et al. 2017.
//
// As there: a biLSTM of 200 units a direction over each sentence, spans of up to 10 tokens, of which 0.4 a token are
// kept and none cross, each compared with the 250 before it; networks of two layers of 150; features of 20 for widths,
// distances, speakers and genres; a character CNN with 50 filters of each of the widths 3, 4 and 5 over 8 dimensions;
// dropout of 0.5 of the word vectors, 0.2 elsewhere; Adam with 0.001, the rate times 0.999 every 100 documents, norms
// cut at 5, a document a batch, windows of 50 sentences, up to 150 epochs. Heads are scored by a linear layer, as in the
// authors' code. Differs: only GloVe's vectors, without Turian et al.'s beside them, as they are and not at length 1,
// with one vector for all words that it does not have, where theirs is zero; a plain LSTM, where theirs has one gate for
// input and forgetting, recurrent dropout of 0.2, orthogonal weights and a first state that is learned; training stops
// after 20 epochs without a better score; the rate falls once an epoch, as much; dropout of the widths' vectors is of
// all spans of a width alike.
//
// Needs OntoNotes 5.0 (https://catalog.ldc.upenn.edu/LDC2013T19) in CoNLL-2012's columns
// (https://conll.cemantix.org/2012), the files of a part behind one another in one, and
// http://nlp.stanford.edu/data/glove.840B.300d.zip.
//
//   elmo-tasks train training_configs/coreference/conll2012_baseline.jsonnet -s runs/conll2012-baseline
local coref = import '../lib/coreference.libsonnet';

local corpus = 'data/conll2012';

coref.experiment(
  train=corpus + '/train.english.v4_gold_conll',
  validation=corpus + '/dev.english.v4_gold_conll',
  test=corpus + '/test.english.v4_gold_conll',
  glove='data/glove.840B.300d.txt',
  lowercase=false,
  genre_pattern='(..)/',
  speakers=true,
  sizes=coref.paper_sizes,
  training=coref.paper_training,
)

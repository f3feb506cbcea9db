// SemEval-2010 task 8 without ELMo.
//
// The published figure is an official macro F1 of 84.0 on the test set, without ELMo, for a biLSTM with attention (Zhou
// et al. 2016). Sizes and training are those of the biLSTM with ELMo in DFKI's RelEx (the configs beside Alt et al.
// 2020), for which no figure is published: GloVe vectors of 300 dimensions that are not trained, two vectors of 50 for
// a token's distances from the entities, up to 100 tokens, two biLSTM layers of 300 units a direction, dropout of 0.5,
// Adagrad with 0.01 in batches of 50, the rate times 0.9 when development F1 has not risen for two epochs, patience of
// 10. Differs: attention in place of the maximum, and the entities' own vectors beside it; no word dropout; dropout is
// of the same dimensions in all tokens of a sentence.
//
// Needs SemEval2010_task8_all_data.zip (named in https://aclanthology.org/S10-1006) and
// http://nlp.stanford.edu/data/glove.840B.300d.zip. Of the 8,000 training examples 800 are for development, as in RelEx
// and in Zhou et al., here the last ones: in data/SemEval2010_task8, with TRAIN_FILE.TXT and TEST_FILE_FULL.TXT there,
//
//   head -n 28800 TRAIN_FILE.TXT > train.txt
//   tail -n +28801 TRAIN_FILE.TXT > dev.txt
//
// and then, in the clone,
//
//   elmo-tasks train training_configs/relations/semeval_baseline.jsonnet -s runs/semeval-baseline
local relations = import '../lib/relations.libsonnet';

local corpus = 'data/SemEval2010_task8';

relations.experiment(
  train=corpus + '/train.txt',
  validation=corpus + '/dev.txt',
  test=corpus + '/TEST_FILE_FULL.TXT',
  glove='data/glove.840B.300d.txt',
  train_words=false,
  sizes=relations.relex_sizes,
  training=relations.relex_training,
)

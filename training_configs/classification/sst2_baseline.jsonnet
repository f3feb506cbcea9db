// SST-2 of GLUE without ELMo: GLUE's biLSTM baseline (Wang et al. 2018).
//
// As in its authors' scripts: GloVe vectors of 300 dimensions that are not trained, two biLSTM layers of 1500 units a
// direction, maximum pooling, a classifier with a hidden layer of 512, dropout of 0.2, Adam with 0.0001 in batches of
// 128, texts cut after 40 tokens, the rate times 0.2 where development accuracy does not rise, patience of 5. Differs:
// the hidden layer has ReLU; dropout is of the same dimensions in all tokens of a text; one task is trained, and not
// all of GLUE's together.
//
// Needs GLUE's SST-2.zip (https://gluebenchmark.com/tasks) and http://nlp.stanford.edu/data/glove.840B.300d.zip,
// unpacked in data. GLUE keeps the labels of its test set, so the accuracy is the development set's.
//
//   elmo-tasks train training_configs/classification/sst2_baseline.jsonnet -s runs/sst2-baseline
local classification = import '../lib/classification.libsonnet';

local corpus = 'data/SST-2';

classification.experiment(
  train=corpus + '/train.tsv',
  validation=corpus + '/dev.tsv',
  text_column='sentence',
  max_tokens=40,
  glove='data/glove.840B.300d.txt',
  train_words=false,
  pooling=['max'],
  sizes=classification.glue_sizes,
  training=classification.glue_training,
)

// SST-5 without ELMo: the biattentive classification network, the baseline of Peters et al. 2018, table 1 (51.4 % on
// the test set).
//
// As there (appendix A): trained on all phrases of four tokens and more, scored on whole sentences; 300 units a
// direction, two ReLU layers in place of the maxout network, Adam with 0.0001. As in AllenNLP's configs, where the
// paper says nothing: GloVe vectors of 300 dimensions that are not trained, a projection to 300, layers of 1200 and
// 600, batches of 100, gradients clipped to a norm of 5, patience of 5. Differs: dropout is 0.25 of the words' vectors
// and 0.2 of all that follows; a word without a GloVe vector has the one that all such words share; the Penn Treebank's
// brackets, quotes and slashes are read as text has them.
//
// Needs https://nlp.stanford.edu/sentiment/trainDevTestTrees_PTB.zip and
// http://nlp.stanford.edu/data/glove.840B.300d.zip, unpacked in data.
//
//   elmo-tasks train training_configs/sst/sst5_baseline.jsonnet -s runs/sst5-baseline
//   ... -o '{"dataset_reader.classes": 2, "validation_dataset_reader.classes": 2}'      (negative or positive)
local sst = import '../lib/sst.libsonnet';

local corpus = 'data/trees';

sst.experiment(
  train=corpus + '/train.txt',
  validation=corpus + '/dev.txt',
  test=corpus + '/test.txt',
  phrases='all',
  min_tokens=4,
  glove='data/glove.840B.300d.txt',
  lowercase=false,
  training=sst.paper_training { dropout: 0.25 },
)

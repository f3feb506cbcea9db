// SST-5 without ELMo as in AllenNLP's config of the biattentive classification network, which came to 51.3 % of the
// test set.
//
// Trained on all phrases, scored on whole sentences; GloVe vectors of 300 dimensions that are not trained, a projection
// to 300, 300 units a direction, maxout layers of 1200 and 600, each of four pieces, Adam with 0.001 in batches of 100,
// gradients clipped to a norm of 5, patience of 5. Differs: dropout is 0.25 of the words' vectors and 0.2 of all that
// follows (there 0.25, 0.1, 0.2 and 0.3); the last layer is linear; a word without a GloVe vector has the one that all
// such words share; the Penn Treebank's brackets, quotes and slashes are read as text has them.
//
// Needs https://nlp.stanford.edu/sentiment/trainDevTestTrees_PTB.zip and
// http://nlp.stanford.edu/data/glove.840B.300d.zip, unpacked in data.
//
//   elmo-tasks train training_configs/sst/sst5_maxout_baseline.jsonnet -s runs/sst5-maxout-baseline
local sst = import '../lib/sst.libsonnet';

local corpus = 'data/trees';

sst.experiment(
  train=corpus + '/train.txt',
  validation=corpus + '/dev.txt',
  test=corpus + '/test.txt',
  phrases='all',
  glove='data/glove.840B.300d.txt',
  lowercase=false,
  maxout_pieces=4,
  training=sst.allennlp_training { dropout: 0.25 },
)

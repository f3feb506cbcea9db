// Universal parts of speech on UD's English Web Treebank without ELMo: GloVe 6B vectors of 50 dimensions and a character
// CNN.
//
// Not in the paper as a tagger (its table 6 has a linear probe); its tagger of named entities at a size for two cores: one
// biLSTM layer of 100 units a direction, 10 epochs of batches of 32, Adam with 0.002.
//
//   elmo-tasks train training_configs/pos/ewt_glove_baseline.jsonnet -s runs/pos-ewt-glove-baseline
local pos = import '../lib/pos.libsonnet';

local data = '../shared/data';

pos.experiment(
  train=data + '/pos/en_ewt-ud-train.conllu.gz',
  validation=data + '/pos/en_ewt-ud-dev.conllu.gz',
  glove=data + '/glove/glove.6B.50d.subset.txt.gz',
)

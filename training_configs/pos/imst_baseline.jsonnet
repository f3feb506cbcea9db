// Universal parts of speech on UD's Turkish treebank IMST without ELMo: word vectors and a character CNN learned from its
// 3,435 training sentences alone.
//
// Not in the paper; its tagger of named entities at a size for two cores: one biLSTM layer of 100 units a direction,
// batches of 32, Adam with 0.002, halved when the score has not risen for three epochs.
//
//   elmo-tasks train training_configs/pos/imst_baseline.jsonnet -s runs/imst-baseline
local pos = import '../lib/pos.libsonnet';

local data = '../shared/data';

pos.experiment(
  train=data + '/pos/tr_imst-ud-train.conllu.gz',
  validation=data + '/pos/tr_imst-ud-dev.conllu.gz',
  training=pos.thousands_training,
)

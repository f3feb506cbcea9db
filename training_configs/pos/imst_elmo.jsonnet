// Universal parts of speech on UD's Turkish treebank IMST with ELMo at the input: a Turkish biLM of your own, such as
// docs/your-own-language.md trains, and word vectors and a character CNN learned from its 3,435 training sentences.
//
// Not in the paper; its tagger of named entities at a size for two cores: one biLSTM layer of 100 units a direction,
// batches of 32, Adam with 0.002, halved when the score has not risen for three epochs.
//
//   elmo-tasks train training_configs/pos/imst_elmo.jsonnet -s runs/imst-elmo
//   ... -o '{"model.elmo.bilm": "runs/another/bilm"}'     (another biLM)
local pos = import '../lib/pos.libsonnet';

local data = '../shared/data';

pos.experiment(
  train=data + '/pos/tr_imst-ud-train.conllu.gz',
  validation=data + '/pos/tr_imst-ud-dev.conllu.gz',
  bilm='runs/turkish/bilm',
  training=pos.thousands_training,
)

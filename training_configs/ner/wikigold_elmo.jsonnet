// NER on WikiGold (Wikipedia) with ELMo at the input: word vectors learned from the training data alone.
//
// Not in the paper; its tagger, with the biLM "mini", at a size for two cores: one biLSTM layer of 100 units a
// direction, batches of 32, Adam with 0.002, halved when the score has not risen for three epochs.
//
//   elmo-tasks train training_configs/ner/wikigold_elmo.jsonnet -s runs/wikigold-elmo
local ner = import '../lib/ner.libsonnet';

local data = '../shared/data';

ner.experiment(
  train=data + '/ner/wikigold.train.txt',
  validation=data + '/ner/wikigold.dev.txt',
  bilm='mini',
  sizes=ner.open_sizes,
  training=ner.open_training,
)

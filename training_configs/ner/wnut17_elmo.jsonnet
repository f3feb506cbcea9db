// NER on WNUT-17 (emerging and rare entities in tweets and other user-written text) with ELMo at the input: word
// vectors learned from the training data alone.
//
// Not in the paper; its tagger, with the biLM "mini", at a size for two cores: one biLSTM layer of 100 units a
// direction, batches of 32, Adam with 0.002, halved when the score has not risen for three epochs.
//
//   elmo-tasks train training_configs/ner/wnut17_elmo.jsonnet -s runs/wnut17-elmo
local ner = import '../lib/ner.libsonnet';

local data = '../shared/data';

ner.experiment(
  train=data + '/ner/wnut17.train.txt',
  validation=data + '/ner/wnut17.dev.txt',
  bilm='mini',
  sizes=ner.open_sizes,
  training=ner.open_training,
)

// NER on Turkish Wikipedia sentences, 19 types, with ELMo at the input: a Turkish biLM of your own, such as
// docs/your-own-language.md trains, and word vectors and a character CNN learned from the first 3,000 of its 17,967
// training sentences.
//
// Not in the paper; its tagger at a size for two cores: one biLSTM layer of 100 units a direction, batches of 32,
// Adam with 0.002, halved when the score has not risen for three epochs.
//
//   elmo-tasks train training_configs/ner/wiki_tr_elmo.jsonnet -s runs/wiki-tr-elmo
//   ... -o '{"model.elmo.bilm": "runs/another/bilm"}'     (another biLM)
local ner = import '../lib/ner.libsonnet';

local data = '../shared/data';

ner.experiment(
  train=data + '/ner/wiki_tr.train.txt',
  validation=data + '/ner/wiki_tr.dev.txt',
  bilm='runs/turkish/bilm',
  sizes=ner.open_sizes,
  training=ner.open_training,
) {
  // The 1,000 sentences for development are fewer.
  dataset_reader+: { max_instances: 3000 },
}

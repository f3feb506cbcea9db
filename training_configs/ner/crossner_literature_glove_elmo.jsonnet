// NER on CrossNER's literature domain (Wikipedia) with ELMo at the input: GloVe 6B vectors of 50 dimensions.
//
// Not in the paper; its tagger, with the biLM "mini", at a size for two cores: one biLSTM layer of 100 units a
// direction, 40 epochs of batches of 8, Adam with 0.002.
// Trained on 100 sentences.
//
//   elmo-tasks train training_configs/ner/crossner_literature_glove_elmo.jsonnet -s runs/crossner-literature-glove-elmo
local ner = import '../lib/ner.libsonnet';

local data = '../shared/data';

ner.experiment(
  train=data + '/ner/crossner_literature.train.txt',
  validation=data + '/ner/crossner_literature.dev.txt',
  glove=data + '/glove/glove.6B.50d.subset.txt.gz',
  bilm='mini',
  sizes=ner.open_sizes,
  training=ner.hundreds_training,
)

// NER on CrossNER's literature domain (Wikipedia) without ELMo: GloVe 6B vectors of 50 dimensions.
//
// Not in the paper; its tagger, at a size for two cores: one biLSTM layer of 100 units a direction, 40 epochs
// of batches of 8, Adam with 0.002.
// Trained on 100 sentences.
//
//   elmo-tasks train training_configs/ner/crossner_literature_glove_baseline.jsonnet -s runs/crossner-literature-glove-baseline
local ner = import '../lib/ner.libsonnet';

local data = '../shared/data';

ner.experiment(
  train=data + '/ner/crossner_literature.train.txt',
  validation=data + '/ner/crossner_literature.dev.txt',
  glove=data + '/glove/glove.6B.50d.subset.txt.gz',
  sizes=ner.open_sizes,
  training=ner.hundreds_training,
)

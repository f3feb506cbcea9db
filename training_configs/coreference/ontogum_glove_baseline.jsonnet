// OntoGUM without ELMo: word vectors of GloVe, 50 dimensions.
//
// Not in the paper; its model at a size for two cores: biLSTMs and networks of 100 units, a quarter of the tokens as
// spans, the nearest 40 before each, windows of 20 sentences in training, genres, 20 epochs. Differs too: mentions have
// a loss of their own, as 177 documents are too few without it; OntoGUM says nothing of speakers; no character CNN.
//
//   elmo-tasks train training_configs/coreference/ontogum_glove_baseline.jsonnet -s runs/ontogum-glove-baseline
local coref = import '../lib/coreference.libsonnet';

local data = '../shared/data';

coref.experiment(
  train=data + '/coref/ontogum.train.v4_gold_conll.gz',
  validation=data + '/coref/ontogum.dev.v4_gold_conll.gz',
  glove=data + '/glove/glove.6B.50d.subset.txt.gz',
  genre_pattern='gum/GUM_([a-z]+)_',
)

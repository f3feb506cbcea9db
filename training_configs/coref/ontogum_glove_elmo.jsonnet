local coref = import '../lib/coref.libsonnet';

local data = '../shared/data';

coref.experiment(
  train=data + '/coref/ontogum.train.v4_gold_conll.gz',
  validation=data + '/coref/ontogum.dev.v4_gold_conll.gz',
  glove=data + '/glove/glove.6B.50d.subset.txt.gz',
  genre_pattern='gum/GUM_([a-z]+)_',
  bilm='mini',
)

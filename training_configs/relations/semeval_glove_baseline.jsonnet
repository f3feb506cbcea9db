local relations = import '../lib/relations.libsonnet';

local data = '../shared/data';

relations.experiment(
  train=data + '/re/semeval2010_task8.train.txt.gz',
  validation=data + '/re/semeval2010_task8.dev.txt.gz',
  glove=data + '/glove/glove.6B.50d.subset.txt.gz',
)

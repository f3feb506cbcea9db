// The six classes of TREC's questions with ELMo, the biLM "mini", at the input: GloVe 6B vectors of 50 dimensions.
//
// Not in the paper. A biLSTM of 100 units a direction behind a projection to 100, pooled by maximum, mean and
// attention, dropout of 0.2, Adam with 0.002, halved when accuracy has not risen for two epochs. The development set is
// cut at random from the official training set.
//
//   elmo-tasks train training_configs/classification/trec6_glove_elmo.jsonnet -s runs/trec6-glove-elmo
local classification = import '../lib/classification.libsonnet';

local data = '../shared/data';

classification.experiment(
  train=data + '/textcls/trec.train.jsonl.gz',
  validation=data + '/textcls/trec.dev.jsonl.gz',
  glove=data + '/glove/glove.6B.50d.subset.txt.gz',
  bilm='mini',
)

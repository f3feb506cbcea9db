// The fifty classes of TREC's questions without ELMo: word vectors learned from the training data alone.
//
// Not in the paper. A biLSTM of 100 units a direction behind a projection to 100, pooled by maximum, mean and
// attention, dropout of 0.2, Adam with 0.002, halved when accuracy has not risen for two epochs. The development set is
// cut at random from the official training set.
//
//   elmo-tasks train training_configs/classification/trec50_baseline.jsonnet -s runs/trec50-baseline
//   ... -o '{"random_seed": 2, "numpy_seed": 2, "pytorch_seed": 2}'     (another seed)
local classification = import '../lib/classification.libsonnet';

local data = '../shared/data';

classification.experiment(
  train=data + '/textcls/trec.train.jsonl.gz',
  validation=data + '/textcls/trec.dev.jsonl.gz',
  label_column='fine_label',
)

// The polarity of sentences of film reviews without ELMo: GloVe 6B vectors of 50 dimensions.
//
// Not in the paper. A biLSTM of 100 units a direction behind a projection to 100, pooled by maximum, mean and
// attention, dropout of 0.2, Adam with 0.002, halved when accuracy has not risen for two epochs. The development set is
// cut at random.
//
//   elmo-tasks train training_configs/classification/polarity_glove_baseline.jsonnet -s runs/polarity-glove-baseline
//   ... -o '{"random_seed": 2, "numpy_seed": 2, "pytorch_seed": 2}'     (another seed)
local classification = import '../lib/classification.libsonnet';

local data = '../shared/data';

classification.experiment(
  train=data + '/textcls/polarity.train.jsonl.gz',
  validation=data + '/textcls/polarity.dev.jsonl.gz',
  glove=data + '/glove/glove.6B.50d.subset.txt.gz',
)

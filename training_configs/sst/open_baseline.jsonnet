// SST-5, trained on whole sentences, without ELMo: word vectors learned from the training data alone.
//
// Not in the paper; its network at a size for two cores: a projection to 100, 100 units a direction, two ReLU layers of
// 200 and 100, dropout of 0.25 of the tokens' vectors and 0.2 of all that follows, six epochs of Adam, its rate falling
// from 0.001 to zero. The paper trains on phrases too: see open_phrases_baseline.jsonnet.
//
//   elmo-tasks train training_configs/sst/open_baseline.jsonnet -s runs/sst5-open-baseline
//   ... -o '{"random_seed": 2, "numpy_seed": 2, "pytorch_seed": 2}'     (another seed)
local sst = import '../lib/sst.libsonnet';

local data = '../shared/data';

sst.experiment(
  train=data + '/sst5/train.txt',
  validation=data + '/sst5/dev.txt',
  sizes=sst.open_sizes,
  training=sst.open_training,
)

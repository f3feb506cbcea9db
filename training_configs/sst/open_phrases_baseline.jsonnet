// SST-5, trained on all phrases of four tokens and more, without ELMo: word vectors learned from the training data
// alone.
//
// Not in the paper; its network at a size for two cores: a projection to 100, 100 units a direction, two ReLU layers of
// 200 and 100, dropout of 0.25 of the tokens' vectors and 0.2 of all that follows, six epochs of Adam, its rate falling
// from 0.001 to zero. As in the paper, scored are whole sentences. A word that the treebank has once is in seven of these
// phrases, which are in one another: those that are in fewer than 12 share a vector, about as many as occur once.
//
//   elmo-tasks train training_configs/sst/open_phrases_baseline.jsonnet -s runs/sst5-open-phrases-baseline
//   ... -o '{"random_seed": 2, "numpy_seed": 2, "pytorch_seed": 2}'     (another seed)
local sst = import '../lib/sst.libsonnet';

local data = '../shared/data';

sst.experiment(
  train=data + '/sst5/train.txt',
  validation=data + '/sst5/dev.txt',
  phrases='all',
  min_tokens=4,
  sizes=sst.open_sizes,
  training=sst.open_training,
) {
  vocabulary+: { min_count: { tokens: 12 } },
}

// SST-5, trained on whole sentences, with ELMo, the biLM "mini", at the input and the output: word vectors learned from
// the training data alone.
//
// Not in the paper; its network at a size for two cores: a projection to 100, 100 units a direction, two ReLU layers of
// 200 and 100, dropout of 0.25 of the tokens' vectors and 0.2 of all that follows, six epochs of Adam, its rate falling
// from 0.001 to zero. The paper trains on phrases too: see open_phrases_elmo.jsonnet.
//
//   elmo-tasks train training_configs/sst/open_elmo.jsonnet -s runs/sst5-open-elmo
local sst = import '../lib/sst.libsonnet';

local data = '../shared/data';

sst.experiment(
  train=data + '/sst5/train.txt',
  validation=data + '/sst5/dev.txt',
  bilm='mini',
  place='both',
  sizes=sst.open_sizes,
  training=sst.open_training,
)

// SST-5 with ELMo at the input as in AllenNLP's config of the biattentive classification network, whose published
// archive has 54.7 % of the test set.
//
// `sst5_maxout_baseline.jsonnet` with the published biLM "original" (downloaded on first use), and as there dropout of
// 0.5 of the tokens' vectors and no penalty on the weights of ELMo's layers. Differs: as the baseline does.
//
//   elmo-tasks train training_configs/sst/sst5_maxout_elmo.jsonnet -s runs/sst5-maxout-elmo
local sst = import '../lib/sst.libsonnet';

local corpus = 'data/trees';

sst.experiment(
  train=corpus + '/train.txt',
  validation=corpus + '/dev.txt',
  test=corpus + '/test.txt',
  phrases='all',
  glove='data/glove.840B.300d.txt',
  lowercase=false,
  maxout_pieces=4,
  training=sst.allennlp_training,
  bilm='original',
  place='input',
  scalar_l2=0,
)

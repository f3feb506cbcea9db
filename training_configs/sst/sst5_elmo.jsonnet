// SST-5 with ELMo at the input and the output: Peters et al. 2018, table 1 (54.7 % on the test set).
//
// `sst5_baseline.jsonnet` with the published biLM "original" (downloaded on first use). As in the paper (appendix A):
// an L2 penalty of 0.001 on the weights of ELMo's layers. As in AllenNLP's config: dropout of 0.5 of the tokens'
// vectors. Differs: the output is that of the second biLSTM, as in AllenNLP's model; otherwise as the baseline does.
//
//   elmo-tasks train training_configs/sst/sst5_elmo.jsonnet -s runs/sst5-elmo
//   ... -o '{"model.elmo.place": "input"}'                                              (as in AllenNLP's config)
//   ... -o '{"model.elmo.cache": "~/.cache/elmo_layers"}'                               (each phrase is run once)
local sst = import '../lib/sst.libsonnet';

local corpus = 'data/trees';

sst.experiment(
  train=corpus + '/train.txt',
  validation=corpus + '/dev.txt',
  test=corpus + '/test.txt',
  phrases='all',
  min_tokens=4,
  glove='data/glove.840B.300d.txt',
  lowercase=false,
  bilm='original',
  place='both',
)

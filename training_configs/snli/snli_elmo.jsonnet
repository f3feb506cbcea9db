// SNLI with ELMo at the input and the output of ESIM's encoder: Peters et al. 2018, table 1 (88.7 % on the test set)
// and, with the overrides below, tables 2 and 3.
//
// `snli_baseline.jsonnet` with the published biLM "original" (downloaded on first use). As in the paper: layer
// normalisation before the mix, an L2 penalty of 0.001 on the weights of ELMo's layers and of 0.0001 on all recurrent
// and feed-forward weight matrices, dropout of 0.5 after the attention. Differs: a token's layers are normalised by
// themselves, and not over the whole batch; otherwise as the baseline does.
//
//   elmo-tasks train training_configs/snli/snli_elmo.jsonnet -s runs/snli-elmo
//   ... -o '{"model.elmo.place": "input"}'                                  (table 3; or "output")
//   ... -o '{"model.elmo.layers": "last"}'                                  (table 2)
//   ... -o '{"model.elmo.scalar_l2": 1}'                                    (table 2)
local snli = import '../lib/snli.libsonnet';

local corpus = 'data/snli_1.0';

snli.experiment(
  train=corpus + '/snli_1.0_train.jsonl',
  validation=corpus + '/snli_1.0_dev.jsonl',
  test=corpus + '/snli_1.0_test.jsonl',
  tokens_from='binary_parse',
  glove='data/glove.840B.300d.txt',
  lowercase=false,
  bilm='original',
  place='both',
  layer_norm='token',
  attention_dropout=0.5,
  l2=0.0001,
)

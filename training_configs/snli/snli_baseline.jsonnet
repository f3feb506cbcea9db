// SNLI without ELMo: ESIM, the baseline of Peters et al. 2018, table 1 (88.0 % on the test set).
//
// As there: GloVe vectors of 300 dimensions that are not trained, 300 units a direction and in all feed-forward
// layers, variational dropout of 0.5 at the input of each biLSTM and dropout of 0.5 at that of the last two layers,
// Adam with 0.0004, halved whenever development accuracy does not rise, gradients clipped to a norm of 5, batches of
// 32. Differs: a word without a GloVe vector has the one that all such words share; initial weights as in AllenNLP's
// configs of ESIM; training stops after 5 epochs without a gain.
//
// Needs https://nlp.stanford.edu/projects/snli/snli_1.0.zip and http://nlp.stanford.edu/data/glove.840B.300d.zip.
//
//   elmo-tasks train training_configs/snli/snli_baseline.jsonnet -s runs/snli-baseline
local snli = import '../lib/snli.libsonnet';

local corpus = 'data/snli_1.0';

snli.experiment(
  train=corpus + '/snli_1.0_train.jsonl',
  validation=corpus + '/snli_1.0_dev.jsonl',
  test=corpus + '/snli_1.0_test.jsonl',
  tokens_from='binary_parse',
  glove='data/glove.840B.300d.txt',
  lowercase=false,
)

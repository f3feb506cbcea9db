// Multi30k (Elliott et al. 2016), English to German, without ELMo: word vectors learned from the training data alone.
//
// Not in the paper. A biGRU of two layers and 192 units a direction, an attention decoder of two GRUs of 192 units with
// tied vectors of 192, dropout of 0.3, labels smoothed by 0.1, ten epochs of Adam in batches of 64, its rate falling from
// 0.002 to zero. Words, lower-cased, that occur twice in training: 5,917 English and 7,855 German ones, which are 97.9 and
// 95.6 % of the development set's. Beam of 5.
//
// The files are normalised, lower-cased and tokenised by Moses' scripts, and BLEU is that of their tokens: sacreBLEU's
// tokenization "none". It cannot be compared with a figure of "13a", of text as people write it.
//
// Needs sacreBLEU (pip install "sacrebleu>=2.4").
//
//   elmo-tasks train training_configs/translation/multi30k_baseline.jsonnet -s runs/multi30k-baseline
//   ... -o '{"random_seed": 2, "numpy_seed": 2, "pytorch_seed": 2}'     (another seed)
local translation = import '../lib/translation.libsonnet';

local data = '../shared/data';

translation.experiment(
  train=data + '/mt/multi30k.train.{en,de}.gz',
  validation=data + '/mt/multi30k.dev.{en,de}.gz',
  source_tokenizer={ type: 'whitespace' },
  target_tokenizer={ type: 'whitespace' },
  tokenize='none',
)

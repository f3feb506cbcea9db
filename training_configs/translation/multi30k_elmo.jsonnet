// Multi30k (Elliott et al. 2016), English to German, with ELMo, the biLM "mini", at the encoder's input.
//
// Not in the paper; Edunov et al. (2019) found ELMo's vectors most useful there. All else is as in
// `multi30k_baseline.jsonnet`, whose header says what that is and how BLEU is computed. The biLM reads English, and it
// reads words in lower case here, as the files are.
//
// Needs sacreBLEU (pip install "sacrebleu>=2.4").
//
//   elmo-tasks train training_configs/translation/multi30k_elmo.jsonnet -s runs/multi30k-elmo
local translation = import '../lib/translation.libsonnet';

local data = '../shared/data';

translation.experiment(
  train=data + '/mt/multi30k.train.{en,de}.gz',
  validation=data + '/mt/multi30k.dev.{en,de}.gz',
  source_tokenizer={ type: 'whitespace' },
  target_tokenizer={ type: 'whitespace' },
  tokenize='none',
  bilm='mini',
)

local translation = import '../lib/translation.libsonnet';

local data = '../shared/data';

translation.experiment(
  train=data + '/mt/multi30k.train.{en,de}.gz',
  validation=data + '/mt/multi30k.dev.{en,de}.gz',
  source_tokenizer={ type: 'whitespace' },
  target_tokenizer={ type: 'whitespace' },
  tokenize='none',
)

// The polarity of Chinese hotel reviews with ELMo, the biLM "mini-zh", at the input: word vectors learned from the
// training data alone.
//
// Not in the paper. A biLSTM of 100 units a direction behind a projection to 100, pooled by maximum, mean and
// attention, dropout of 0.3, Adam with 0.001, falling to zero in five epochs. Words are jieba's, by its dictionary alone,
// as in the biLM's training text; of a review the first 200 are read. The development set is cut at random.
//
// Needs jieba (pip install "jieba>=0.42.1"); the biLM is in the package.
//
//   elmo-tasks train training_configs/classification/hotel_zh_elmo.jsonnet -s runs/hotel-zh-elmo
local classification = import '../lib/classification.libsonnet';

local data = '../shared/data';

classification.experiment(
  train=data + '/textcls/hotel_zh.train.jsonl.gz',
  validation=data + '/textcls/hotel_zh.dev.jsonl.gz',
  tokenizer={ type: 'elmo_jieba' },
  max_tokens=200,
  bilm='mini-zh',
  training=classification.document_training,
)

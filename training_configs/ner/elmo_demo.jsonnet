// The demo's tagger with ELMo at the input: the biLM "mini", word vectors and a character CNN learned from the 429
// training sentences of fixtures/ner alone, a biLSTM and a CRF. The paper's tagger, at a size for less than a minute
// on two cores. `demo_baseline.jsonnet` is the same without ELMo.
//
//   allennlp train training_configs/ner/elmo_demo.jsonnet -s runs/elmo-demo
//   allennlp evaluate runs/elmo-demo/model.tar.gz fixtures/ner/test.txt --output-file runs/elmo-demo/test.json
//   echo 'Ada Lovelace never saw Reykjavik .' | allennlp predict runs/elmo-demo/model.tar.gz -
local ner = import '../lib/ner.libsonnet';

local data = 'fixtures/ner';

ner.experiment(
  train=data + '/train.txt',
  validation=data + '/dev.txt',
  test=data + '/test.txt',
  bilm='mini',
  sizes=ner.demo_sizes,
  training=ner.demo_training,
)

// The demo's tagger with ELMo at the input: the biLM "mini", word vectors and a character CNN learned from the 429
// training sentences of fixtures/ner alone, a biLSTM and a CRF. The paper's tagger, at a size for less than a minute
// on two cores. `fixture_baseline.jsonnet` is the same without ELMo.
//
//   elmo-tasks train training_configs/ner/fixture_elmo.jsonnet -s runs/ner-fixture-elmo
//   elmo-tasks evaluate runs/ner-fixture-elmo/model.tar.gz fixtures/ner/test.txt --output-file runs/ner-fixture-elmo/test.json
//   echo 'Ada Lovelace never saw Reykjavik .' | elmo-tasks predict runs/ner-fixture-elmo/model.tar.gz -
local ner = import '../lib/ner.libsonnet';

local data = 'fixtures/ner';

ner.experiment(
  train=data + '/train.txt',
  validation=data + '/dev.txt',
  test=data + '/test.txt',
  bilm='mini',
  sizes=ner.fixture_sizes,
  training=ner.fixture_training,
)

// The demo's tagger without ELMo: word vectors and a character CNN learned from the 429 training sentences of
// fixtures/ner alone, a biLSTM and a CRF. The paper's tagger, at a size for less than a minute on two cores.
// `fixture_elmo.jsonnet` is the same with ELMo.
//
//   elmo-tasks train training_configs/ner/fixture_baseline.jsonnet -s runs/ner-fixture-baseline
local ner = import '../lib/ner.libsonnet';

local data = 'fixtures/ner';

ner.experiment(
  train=data + '/train.txt',
  validation=data + '/dev.txt',
  test=data + '/test.txt',
  sizes=ner.fixture_sizes,
  training=ner.fixture_training,
)

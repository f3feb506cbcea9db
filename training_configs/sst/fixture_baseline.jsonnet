// The sentiment of the 40 training sentences of fixtures/sst without ELMo, in less than a minute on two cores: a trial
// of the machinery, whose score says nothing. `fixture_elmo.jsonnet` is the same with ELMo.
//
//   elmo-tasks train training_configs/sst/fixture_baseline.jsonnet -s runs/sst-fixture-baseline
local sst = import '../lib/sst.libsonnet';

local data = 'fixtures/sst';

sst.experiment(
  train=data + '/train.txt',
  validation=data + '/dev.txt',
  sizes=sst.fixture_sizes,
  training=sst.fixture_training,
)

// ESIM without ELMo on the 48 training pairs of fixtures/snli, in less than a minute on two cores: a trial of the
// machinery, whose score says nothing. `fixture_elmo.jsonnet` is the same with ELMo.
//
//   elmo-tasks train training_configs/snli/fixture_baseline.jsonnet -s runs/snli-fixture-baseline
local snli = import '../lib/snli.libsonnet';

local data = 'fixtures/snli';

snli.experiment(
  train=data + '/train.jsonl',
  validation=data + '/dev.jsonl',
  sizes=snli.fixture_sizes,
  training=snli.fixture_training,
)

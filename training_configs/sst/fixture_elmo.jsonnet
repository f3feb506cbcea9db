// The sentiment of the 40 training sentences of fixtures/sst with ELMo, the biLM "mini", at the input and the output,
// in less than a minute on two cores: a trial of the machinery, whose score says nothing.
//
//   elmo-tasks train training_configs/sst/fixture_elmo.jsonnet -s runs/sst-fixture-elmo
//   elmo-tasks evaluate runs/sst-fixture-elmo/model.tar.gz fixtures/sst/dev.txt --output-file runs/sst-fixture-elmo/dev.json
//   echo 'A dull, endless film.' | elmo-tasks predict runs/sst-fixture-elmo/model.tar.gz -
local sst = import '../lib/sst.libsonnet';

local data = 'fixtures/sst';

sst.experiment(
  train=data + '/train.txt',
  validation=data + '/dev.txt',
  bilm='mini',
  sizes=sst.fixture_sizes,
  training=sst.fixture_training,
)

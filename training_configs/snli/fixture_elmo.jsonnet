// ESIM with ELMo, the biLM "mini", at the input and the output of its encoder, on the 48 training pairs of
// fixtures/snli, in less than a minute on two cores: a trial of the machinery, whose score says nothing.
//
//   elmo-tasks train training_configs/snli/fixture_elmo.jsonnet -s runs/snli-fixture-elmo
//   elmo-tasks evaluate runs/snli-fixture-elmo/model.tar.gz fixtures/snli/dev.jsonl --output-file runs/snli-fixture-elmo/dev.json
//   echo '{"premise": "Two dogs run.", "hypothesis": "Animals move."}' | elmo-tasks predict runs/snli-fixture-elmo/model.tar.gz -
local snli = import '../lib/snli.libsonnet';

local data = 'fixtures/snli';

snli.experiment(
  train=data + '/train.jsonl',
  validation=data + '/dev.jsonl',
  bilm='mini',
  sizes=snli.fixture_sizes,
  training=snli.fixture_training,
)

// The 35 questions of fixtures/squad with ELMo at the contextual layer's input and output: for trying the
// commands.
//
// The paper's model at a tiny size; it learns its training questions by heart, and little else.
//
//   elmo-tasks train training_configs/squad/fixture_elmo.jsonnet -s runs/squad-fixture-elmo
//   elmo-tasks evaluate runs/squad-fixture-elmo/model.tar.gz fixtures/squad/dev.json \
//     --output-file runs/squad-fixture-elmo/dev.json
//   elmo-tasks predict runs/squad-fixture-elmo/model.tar.gz fixtures/squad/questions.jsonl
local squad = import '../lib/squad.libsonnet';

local data = 'fixtures/squad';

squad.experiment(
  train=data + '/train.json',
  validation=data + '/dev.json',
  bilm='mini',
  place='both',
  sizes=squad.fixture_sizes,
  training=squad.fixture_training,
)

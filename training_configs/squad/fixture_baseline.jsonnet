// The 35 questions of fixtures/squad without ELMo: for trying the commands.
//
// The paper's model at a tiny size; it learns its training questions by heart, and little else.
//
//   elmo-tasks train training_configs/squad/fixture_baseline.jsonnet -s runs/squad-fixture-baseline
//   elmo-tasks evaluate runs/squad-fixture-baseline/model.tar.gz fixtures/squad/dev.json \
//     --output-file runs/squad-fixture-baseline/dev.json
//   elmo-tasks predict runs/squad-fixture-baseline/model.tar.gz fixtures/squad/questions.jsonl
local squad = import '../lib/squad.libsonnet';

local data = 'fixtures/squad';

squad.experiment(
  train=data + '/train.json',
  validation=data + '/dev.json',
  sizes=squad.fixture_sizes,
  training=squad.fixture_training,
)

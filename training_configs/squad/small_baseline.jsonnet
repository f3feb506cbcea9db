// The 35 questions of fixtures/squad without ELMo: for trying the commands.
//
// The paper's model at a tiny size; it learns its training questions by heart, and little else.
//
//   allennlp train training_configs/squad/small_baseline.jsonnet -s runs/squad-small-baseline
//   allennlp evaluate runs/squad-small-baseline/model.tar.gz fixtures/squad/dev.json \
//     --output-file runs/squad-small-baseline/dev.json
//   allennlp predict runs/squad-small-baseline/model.tar.gz fixtures/squad/questions.jsonl
local squad = import '../lib/squad.libsonnet';

local data = 'fixtures/squad';

squad.experiment(
  train=data + '/train.json',
  validation=data + '/dev.json',
  sizes=squad.small_sizes,
  training=squad.small_training,
)

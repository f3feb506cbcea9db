// The biLM "mini", which is in the package: its card (elmo_tasks/bilm/models/mini/CARD.md) has its figures.
//
// As in the paper (Peters et al. 2018, section 3.4): a character CNN, two biLSTM layers with projection, clipping and a
// skip connection, windows of 20 tokens with the states carried on, sampled softmax, dropout 0.1.
// Differs: an eighth of the size, and Adam where the paper has Adagrad: on two cores there is time for few updates, 3,000
// here, of 7.7 million tokens. The rate is constant, so that training may end at any epoch or go on for more. The biLM in
// the package is of this shape and read 26.5 million tokens by `elmo-train --size mini`, with dropout 0.05 and a rate that
// falls to zero; it began with `mini` 0.1.
//
//   elmo-tasks train training_configs/bilm/mini.jsonnet -s runs/mini
//   elmo-tasks train training_configs/bilm/mini.jsonnet -s runs/mini --recover    (after a kill)
local bilm = import '../lib/bilm.libsonnet';

local corpus = '../shared/data/lm';

bilm.training(
  train=corpus + '/train',
  heldout=corpus + '/heldout-wiki.txt.gz',
  options=bilm.options(cell=512, projection=256, filters=bilm.filters([32, 32, 64, 128, 256]), highways=1),
  words={ min_count: 5 },
  streams=128,
  window=20,
  samples=2048,
  dropout=0.1,
  loss_scale=1.0,
  sparse=true,
  batches=500,
  trainer={
    num_epochs: 6,
    grad_norm: 1.0,
    optimizer: { type: 'elmo_adam', lr: 0.002, parameter_groups: [[['^softmax[.]'], { rows: true }]] },
    learning_rate_scheduler: { type: 'polynomial_decay', power: 1.0, warmup_steps: 200, end_learning_rate: 0.002 },
  },
)

// SQuAD 1.1 without ELMo: the baseline of Peters et al. 2018, table 1 (appendix A.3), which is the model of Clark and
// Gardner 2018, simplified.
//
// As there: cased GloVe vectors of 300 dimensions, not trained, a character CNN, a shared biGRU of 90 units a
// direction, bidirectional attention, a residual layer with a biGRU and self-attention, biGRUs for start and end,
// linear layers of 180; variational dropout of 0.2 before each of these; Adadelta, batches of 45, the moving average
// of the weights, answers of at most 17 tokens. As in the authors' code: 24 epochs, 100 filters of width 5 over 20
// dimensions, the moving average's decay 0.999. Differs: the tokenizer is spaCy's; rare characters have vectors of
// their own; words have boundary characters; the character CNN has no dropout within.
//
// Needs SQuAD 1.1 (https://rajpurkar.github.io/SQuAD-explorer) and http://nlp.stanford.edu/data/glove.840B.300d.zip.
//
//   elmo-tasks train training_configs/squad/squad_baseline.jsonnet -s runs/squad-baseline
local squad = import '../lib/squad.libsonnet';

local corpus = 'data/squad';

squad.experiment(
  train=corpus + '/train-v1.1.json',
  validation=corpus + '/dev-v1.1.json',
  glove='data/glove.840B.300d.txt',
  lowercase=false,
)

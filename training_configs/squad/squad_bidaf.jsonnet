// SQuAD 1.1 with BiDAF: Seo et al. 2017, a single model.
//
// As there: GloVe vectors of 100 dimensions, not trained, a character CNN with 100 filters of width 5, two highway
// layers, biLSTMs of 100 units a direction, Adadelta with 0.5, batches of 60, 12 epochs, dropout 0.2, the moving
// average of the weights with 0.999. As in the authors' code: characters of 8 dimensions, passages of at most 400
// tokens in training. Differs: the tokenizer is spaCy's; words have boundary characters; answers have at most
// 17 tokens.
//
// Needs SQuAD 1.1 (https://rajpurkar.github.io/SQuAD-explorer) and http://nlp.stanford.edu/data/glove.6B.zip.
//
//   elmo-tasks train training_configs/squad/squad_bidaf.jsonnet -s runs/squad-bidaf
local squad = import '../lib/squad.libsonnet';

local corpus = 'data/squad';

squad.experiment(
  train=corpus + '/train-v1.1.json',
  validation=corpus + '/dev-v1.1.json',
  self_attention=false,
  glove='data/glove.6B.100d.txt',
  max_passage_tokens=400,
  sizes=squad.bidaf_sizes,
  training=squad.bidaf_training,
)

// Textual entailment on 8,842 pairs of SNLI with ELMo at the encoder's input: GloVe 6B vectors of 50 dimensions.
//
// Not in the paper; its ESIM, with the biLM "mini", at a size for two cores: 100 units a direction and in all
// feed-forward layers, dropout of 0.2, Adam with 0.001. The pairs are of SNLI's official development set, cut in two:
// nearly all premises of the development part occur in training too, with other hypotheses.
//
//   elmo-tasks train training_configs/snli/open_glove_elmo_input.jsonnet -s runs/snli-open-glove-elmo-input
local snli = import '../lib/snli.libsonnet';

local data = '../shared/data';

snli.experiment(
  train=data + '/snli/snli_part_train.jsonl',
  validation=data + '/snli/snli_part_dev.jsonl',
  glove=data + '/glove/glove.6B.50d.subset.txt.gz',
  bilm='mini',
  place='input',
  sizes=snli.open_sizes,
  training=snli.open_training,
)

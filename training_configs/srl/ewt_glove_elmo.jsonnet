// PropBank over the English Web Treebank in small, with ELMo, the biLM "mini", at the input.
//
// Not in the paper; its model at a size for two cores: 4 layers of 128 units, GloVe 6B vectors of 50 dimensions that
// are not trained, token vectors projected to 100, batches of 16 sentences with their predicates, 4 epochs of
// Adam with a rate that falls from 0.002 to zero.
//
//   elmo-tasks train training_configs/srl/ewt_glove_elmo.jsonnet -s runs/srl-ewt-glove-elmo
//   ... -o '{"random_seed": 2, "numpy_seed": 2, "pytorch_seed": 2}'     (another seed)
//   ... -o '{"model.elmo.place": "output"}'      (a cell of table 3; likewise "both")
local srl = import '../lib/srl.libsonnet';

local data = '../shared/data';

srl.experiment(
  train=data + '/srl/ewt_propbank.train.gold_conll.gz',
  validation=data + '/srl/ewt_propbank.dev.gold_conll.gz',
  glove=data + '/glove/glove.6B.50d.subset.txt.gz',
  train_words=false,
  bilm='mini',
  sizes=srl.open_sizes,
  training=srl.open_training,
)

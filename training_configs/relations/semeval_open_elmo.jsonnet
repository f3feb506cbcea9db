// SemEval-2010 task 8 with ELMo, the biLM "mini", at the input.
//
// Not in the paper. A projection to 150, a biLSTM of 100 units a direction, its states' mean by attention and the
// entities' own, dropout of 0.4, Adam with 0.002, halved when the official macro F1 has not risen for two epochs. The
// development set is the last 800 of the 8,000 official training examples, which are unlike the others: see
// docs/relations.md.
//
//   elmo-tasks train training_configs/relations/semeval_open_elmo.jsonnet -s runs/semeval-open-elmo
local relations = import '../lib/relations.libsonnet';

local data = '../shared/data';

relations.experiment(
  train=data + '/re/semeval2010_task8.train.txt.gz',
  validation=data + '/re/semeval2010_task8.dev.txt.gz',
  bilm='mini',
)

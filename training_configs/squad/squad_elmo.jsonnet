// SQuAD 1.1 with ELMo at the contextual layer's input and output: Peters et al. 2018, table 1 (appendix A.3).
//
// `squad_baseline.jsonnet` with the published biLM "original" (downloaded on first use), without layer norm and, as
// appendix A.3 says, without a penalty on the weights of its layers; ELMo's dropout of 0.5 is from the authors' code.
// Differs: the authors' biLM was trained further on SQuAD's passages. And as the baseline does.
//
//   elmo-tasks train training_configs/squad/squad_elmo.jsonnet -s runs/squad-elmo
//   ... -o '{"model.elmo.place": "input"}'        (a cell of table 3; likewise "output")
//   ... -o '{"model.elmo.scalar_l2": 0.001}'      (a cell of table 2; likewise "model.elmo.layers": "last")
local squad = import '../lib/squad.libsonnet';

local corpus = 'data/squad';

squad.experiment(
  train=corpus + '/train-v1.1.json',
  validation=corpus + '/dev-v1.1.json',
  glove='data/glove.840B.300d.txt',
  lowercase=false,
  bilm='original',
  place='both',
  elmo_dropout=0.5,
)

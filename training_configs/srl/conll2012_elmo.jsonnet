// Semantic roles on CoNLL-2012 (OntoNotes) with ELMo at the input: Peters et al. 2018, table 1 (appendix A.3).
//
// `conll2012_baseline.jsonnet` with the published biLM "original" (downloaded on first use), dropout of 0.1 of the token
// vectors, as in AllenNLP's srl_elmo.jsonnet, and an L2 penalty of 0.001 on the weights of its layers; training stops
// after 200 epochs without a better score, as there. Differs as the baseline does; and there is the same dropout of what
// is projected to tags, which AllenNLP's has not.
//
//   elmo-tasks train training_configs/srl/conll2012_elmo.jsonnet -s runs/srl-elmo
//   ... -o '{"model.elmo.place": "output"}'       (a cell of table 3; likewise "both")
//   ... -o '{"model.elmo.scalar_l2": 1}'          (a cell of table 2; likewise "model.elmo.layers": "last")
local srl = import '../lib/srl.libsonnet';

local corpus = 'data/conll2012';

srl.experiment(
  train=corpus + '/train.english.v4_gold_conll',
  validation=corpus + '/dev.english.v4_gold_conll',
  test=corpus + '/test.english.v4_gold_conll',
  glove='data/glove.6B.100d.txt',
  bilm='original',
  training=srl.paper_training { dropout: 0.1, trainer+: { patience: 200 } },
)

// The treebank's own parts of speech (xpos) of UD English EWT by a linear classifier, after the paper's table 6, on its
// development set.
// Of each layer of the biLM "mini", and of their mix.
//
//   elmo-tasks elmo-reproduce run table6 --profile open -o runs/open
local probes = import '../lib/probes.libsonnet';

local data = '../shared/data';

probes.tags(
  train=data + '/pos/en_ewt-ud-train.conllu.gz',
  evaluation=data + '/pos/en_ewt-ud-dev.conllu.gz',
  column='xpos',
  split='development',
  bilm='mini',
)

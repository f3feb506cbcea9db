// Word senses by the nearest average of SemCor, the paper's table 5, on its four test sets, from the unified evaluation
// framework (Raganato et al. 2017); WordNet 3.0.
// The baseline: WordNet's first sense.
//
//   elmo-tasks elmo-reproduce run table5 --profile paper -o runs/paper
local probes = import '../lib/probes.libsonnet';

local data = 'data';

probes.senses(
  corpus=probes.text(data + '/wsd/semcor'),
  evaluation=[
    probes.text(data + '/wsd/' + name)
    for name in ['senseval2', 'senseval3', 'semeval2013', 'semeval2015']
  ],
  index=data + '/wsd/index.sense.gz',
  split='test',
)

// Word senses by the nearest average of SemCor, after the paper's table 5, on SemEval-2007, the development set of the
// unified evaluation framework (Raganato et al. 2017); WordNet 3.0.
// The baseline: WordNet's first sense.
//
//   elmo-tasks elmo-reproduce run table5 --profile open -o runs/open
local probes = import '../lib/probes.libsonnet';

local data = '../shared/data';

probes.senses(
  corpus=probes.text(data + '/wsd/semcor', '.gz'),
  evaluation=[probes.text(data + '/wsd/semeval2007')],
  index=data + '/wsd/index.sense.gz',
  split='development',
)

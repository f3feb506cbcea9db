// Word senses by the nearest average of 22 sentences, in seconds: a trial of the machinery of the paper's table 5, whose
// score says nothing.
// Of each layer of the biLM "mini".
//
//   elmo-tasks elmo-reproduce run table5 --profile smoke -o runs/smoke
local probes = import '../lib/probes.libsonnet';

local data = 'fixtures';

probes.senses(
  corpus=probes.text(data + '/senses/train'),
  evaluation=[probes.text(data + '/senses/dev')],
  index=data + '/senses/index.sense',
  split='development',
  bilm='mini',
)

// The parts of speech of fixtures/pos by a linear classifier, in seconds: a trial of the machinery of the paper's table
// 6, whose score says nothing.
// The baseline: each word's most frequent tag.
//
//   elmo-tasks elmo-reproduce run table6 --profile smoke -o runs/smoke
local probes = import '../lib/probes.libsonnet';

local data = 'fixtures';

probes.tags(
  train=data + '/pos/train.conllu',
  evaluation=data + '/pos/dev.conllu',
  column='upos',
  split='development',
)

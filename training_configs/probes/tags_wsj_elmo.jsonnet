// Parts of speech of the Penn Treebank by a linear classifier, the paper's table 6: sections 0-18 for training, 22-24
// for testing (Collins 2002), a word and its tag a line. They are to be licensed from the LDC.
// Of each layer of the biLM "original", and of their mix.
//
//   elmo-tasks elmo-reproduce run table6 --profile paper -o runs/paper
local probes = import '../lib/probes.libsonnet';

local data = 'data';

probes.tags(
  train=data + '/pos/wsj.train.txt',
  evaluation=data + '/pos/wsj.test.txt',
  column='-1',
  split='test',
  bilm='original',
)

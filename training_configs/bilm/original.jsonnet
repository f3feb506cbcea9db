// The paper's biLM (Peters et al. 2018, section 3.4), 93.6 million parameters beside its softmax: two layers of 4096
// cells and 512 projections a direction, 2048 character filters, 2 highway layers; bilm-tf's recipe.
//
// Differs: bilm-tf trained on three GPUs with 128 streams each; one process here has 128 (`distributed` adds more).
// The corpus, the One Billion Word Benchmark (Chelba et al. 2014), is yours to fetch: one tokenized sentence a line.
//
//   elmo-tasks train training_configs/bilm/original.jsonnet -s runs/original
local bilm = import '../lib/bilm.libsonnet';

local corpus = 'data/1-billion-word-language-modeling-benchmark-r13output';

bilm.training(
  train=corpus + '/training-monolingual.tokenized.shuffled',
  heldout=corpus + '/heldout-monolingual.tokenized.shuffled/news.en.heldout-00000-of-00050',
  options=bilm.options(
    cell=4096, projection=512, filters=bilm.filters([32, 32, 64, 128, 256, 512, 1024]), highways=2
  ),
  words={ min_count: 3 },
  streams=128,
  window=20,
  samples=8192,
  dropout=0.1,
  loss_scale=20.0,
  batches=null,
  trainer=bilm.paper_trainer,
)

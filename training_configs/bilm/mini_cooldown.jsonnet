// The second and last part of training the biLM "mini": goes on from mini.jsonnet's best epoch with a learning rate that
// falls to zero, which takes the noise of the constant rate out of the weights.
//
//   allennlp train training_configs/bilm/mini_cooldown.jsonnet -s runs/mini-cooldown
//   allennlp elmo-export runs/mini-cooldown runs/mini-bilm --half
local mini = import 'mini.jsonnet';

mini {
  model+: { initializer: { regexes: [['.*', { type: 'pretrained', weights_file_path: 'runs/mini/best.th' }]] } },
  vocabulary: { type: 'from_files', directory: 'runs/mini/vocabulary' },
  // Another order than the first part's.
  data_loader+: { seed: 13371 },
  trainer+: {
    num_epochs: 6,
    learning_rate_scheduler: { type: 'linear_with_warmup', warmup_steps: 50 },
  },
}

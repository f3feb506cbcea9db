// Training a biLM (Peters et al. 2018, section 3.4) as a function of what varies.
{
  // The shape of a biLM, as in options.json. `highways` and `filters` are the character CNN's.
  options(cell, projection, filters, highways, layers=2):: {
    char_cnn: {
      activation: 'relu',
      embedding: { dim: 16 },
      filters: filters,
      max_characters_per_token: 50,
      n_characters: 262,
      n_highway: highways,
    },
    lstm: {
      cell_clip: 3,
      dim: cell,
      n_layers: layers,
      proj_clip: 3,
      projection_dim: projection,
      use_skip_connections: true,
    },
  },

  // Filters [width, number] from width 1 up.
  filters(numbers):: std.mapWithIndex(function(index, number) [index + 1, number], numbers),

  // train, heldout: corpora as `elmo_corpus` takes them (a file, a folder, a pattern, several separated by commas).
  // sparse: whether the softmax's gradient is sparse; faster, and not every optimizer takes it.
  // streams x window: tokens a batch. batches: batches an epoch, null for a pass over the corpus.
  training(train, heldout, options, words, streams, window, samples, dropout, loss_scale, batches, trainer, sparse=false):: {
    dataset_reader: { type: 'elmo_corpus' },
    train_data_path: train,
    validation_data_path: heldout,
    vocabulary: { type: 'elmo_corpus', paths: train } + words,
    model: {
      type: 'elmo_language_model',
      options: options,
      dropout: dropout,
      num_samples: samples,
      loss_scale: loss_scale,
      [if sparse then 'sparse_gradients']: true,
    },
    data_loader: {
      type: 'elmo_lm_windows',
      batch_size: streams,
      window: window,
      shuffle_buffer: 200000,
      batches_per_epoch: batches,
    },
    // Held-out text is read once, in order, every token.
    validation_data_loader: { type: 'elmo_lm_windows', batch_size: streams, window: window },
    trainer: { validation_metric: '-perplexity', checkpointer: { keep_most_recent_by_count: 2 } } + trainer,
    random_seed: 13370,
    numpy_seed: 1337,
    pytorch_seed: 133,
  },

  // bilm-tf's recipe: Adagrad, the loss times the window's 20 steps, the gradient's norm clipped to 10.
  paper_trainer:: {
    num_epochs: 10,
    grad_norm: 10.0,
    optimizer: { type: 'adagrad', lr: 0.2, initial_accumulator_value: 1.0 },
  },
}

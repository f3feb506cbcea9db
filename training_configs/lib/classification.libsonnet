// Text classification with a pooled biLSTM as a function of what varies.
local bilms = import 'bilms.libsonnet';
local common = import 'common.libsonnet';

{
  // The sizes and the training of GLUE's baseline (Wang et al. 2018) as its authors' scripts have them. `hidden` is one
  // direction's; `classifier` is that of the layer before the last, null where there is none; `projection` is null where
  // vectors go into the biLSTM as they are.
  glue_sizes:: { words: 300, projection: null, hidden: 1500, layers: 2, classifier: 512 },
  glue_training:: {
    batch_size: 128,
    dropout: 0.2,
    trainer: {
      num_epochs: 50,
      patience: 5,
      grad_norm: 5.0,
      optimizer: { type: 'adam', lr: 0.0001 },
      learning_rate_scheduler: { type: 'reduce_on_plateau', factor: 0.2, mode: 'max', patience: 0 },
    },
  },

  // For some thousand texts and two cores.
  open_sizes:: { words: 50, projection: 100, hidden: 100, layers: 1, classifier: null },
  open_training:: {
    batch_size: 32,
    dropout: 0.2,
    trainer: {
      num_epochs: 20,
      patience: 5,
      grad_norm: 5.0,
      optimizer: { type: 'adam', lr: 0.002 },
      learning_rate_scheduler: { type: 'reduce_on_plateau', factor: 0.5, mode: 'max', patience: 1 },
    },
  },

  // For texts of some hundred words, which the above learns by heart after its first epoch.
  document_training:: {
    batch_size: 32,
    dropout: 0.3,
    trainer: {
      num_epochs: 5,
      grad_norm: 5.0,
      optimizer: { type: 'adam', lr: 0.001 },
      learning_rate_scheduler: { type: 'linear_with_warmup', warmup_steps: 100 },
    },
  },

  // For a few dozen sentences and less than a minute.
  fixture_sizes:: self.open_sizes { projection: 50, hidden: 50 },
  fixture_training:: {
    batch_size: 8,
    dropout: 0.1,
    trainer: { num_epochs: 15, grad_norm: 5.0, optimizer: { type: 'adam', lr: 0.005 } },
  },

  // train, validation, test: files or folders. text_column, label_column, tokenizer, max_tokens, long_texts: see the
  // reader `elmo_classification`. pooling: see the model `elmo_classifier`. What is not said here: see common.libsonnet.
  // train_words: whether the words' vectors are trained.
  experiment(
    train,
    validation,
    test=null,
    text_column='text',
    label_column='label',
    tokenizer=null,
    max_tokens=null,
    long_texts='cut',
    bilm=null,
    place='input',
    layers='all',
    scalar_l2=0.001,
    glove=null,
    train_words=true,
    lowercase=true,
    pooling=['max', 'mean', 'attention'],
    sizes=self.open_sizes,
    training=self.open_training,
    seed=1,
  ):: common.experiment(train, validation, glove, 'accuracy', training, seed) + common.test_set(test) {
    dataset_reader: {
      type: 'elmo_classification',
      text_column: text_column,
      label_column: label_column,
      [if tokenizer != null then 'tokenizer']: tokenizer,
      [if max_tokens != null then 'max_tokens']: max_tokens,
      [if max_tokens != null then 'long_texts']: long_texts,
      token_indexers: common.token_indexers(sizes, bilm, lowercase),
    },
    model: {
      type: 'elmo_classifier',
      dropout: training.dropout,
      text_field_embedder: common.text_field_embedder(sizes, glove, trainable=train_words),
      projection_dim: sizes.projection,
      encoder: {
        type: 'elmo_padded_lstm',
        hidden_size: sizes.hidden,
        num_layers: sizes.layers,
        dropout: if sizes.layers > 1 then training.dropout else 0,
        bidirectional: true,
      },
      pooling: pooling,
      hidden_dim: sizes.classifier,
      [if bilm != null then 'elmo']: bilms.task_elmo(bilm, place, layers, scalar_l2),
    },
  },
}

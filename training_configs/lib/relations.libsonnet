// Relations between two entities of a sentence as a function of what varies.
local bilms = import 'bilms.libsonnet';
local common = import 'common.libsonnet';

{
  // The sizes and the training of the biLSTM with ELMo in DFKI's RelEx for SemEval-2010 (the configs beside Alt et al.
  // 2020). `hidden` is one direction's; `projection` is null where vectors go into the biLSTM as they are.
  relex_sizes:: { words: 300, position: 50, max_distance: 100, projection: null, hidden: 300, layers: 2 },
  relex_training:: {
    batch_size: 50,
    dropout: 0.5,
    trainer: {
      num_epochs: 50,
      patience: 10,
      optimizer: { type: 'adagrad', lr: 0.01 },
      learning_rate_scheduler: { type: 'reduce_on_plateau', factor: 0.9, mode: 'max', patience: 1 },
    },
  },

  // For some thousand sentences and two cores.
  open_sizes:: { words: 50, position: 20, max_distance: 30, projection: 150, hidden: 100, layers: 1 },
  open_training:: {
    batch_size: 32,
    dropout: 0.4,
    trainer: {
      num_epochs: 20,
      patience: 5,
      grad_norm: 5.0,
      optimizer: { type: 'adam', lr: 0.002 },
      learning_rate_scheduler: { type: 'reduce_on_plateau', factor: 0.5, mode: 'max', patience: 1 },
    },
  },

  // For a few dozen sentences and less than a minute.
  fixture_sizes:: self.open_sizes { position: 10, projection: 50, hidden: 50 },
  fixture_training:: {
    batch_size: 8,
    dropout: 0.1,
    trainer: { num_epochs: 15, grad_norm: 5.0, optimizer: { type: 'adam', lr: 0.005 } },
  },

  // train, validation, test: files in a form of the reader `elmo_relations`. pooling: see the model
  // `elmo_relation_classifier`. What is not said here: see common.libsonnet. train_words: whether the words' vectors are
  // trained.
  experiment(
    train,
    validation,
    test=null,
    bilm=null,
    place='input',
    layers='all',
    scalar_l2=0.001,
    glove=null,
    train_words=true,
    lowercase=true,
    pooling=['attention'],
    sizes=self.open_sizes,
    training=self.open_training,
    seed=1,
  ):: common.experiment(train, validation, glove, 'macro-f1', training, seed) + common.test_set(test) {
    dataset_reader: {
      type: 'elmo_relations',
      token_indexers: common.token_indexers(sizes, bilm, lowercase),
    },
    model: {
      type: 'elmo_relation_classifier',
      dropout: training.dropout,
      text_field_embedder: common.text_field_embedder(sizes, glove, trainable=train_words),
      position_dim: sizes.position,
      max_distance: sizes.max_distance,
      projection_dim: sizes.projection,
      encoder: {
        type: 'elmo_padded_lstm',
        hidden_size: sizes.hidden,
        num_layers: sizes.layers,
        dropout: if sizes.layers > 1 then training.dropout else 0,
        bidirectional: true,
      },
      pooling: pooling,
      [if bilm != null then 'elmo']: bilms.task_elmo(bilm, place, layers, scalar_l2),
    },
  },
}

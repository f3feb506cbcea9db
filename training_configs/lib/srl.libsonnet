// Semantic roles with a deep LSTM (He et al. 2017; Peters et al. 2018, section 4 and appendix A.3) as a function of what
// varies.
local bilms = import 'bilms.libsonnet';
local common = import 'common.libsonnet';

{
  // He et al.'s sizes. `projection` is null where vectors go into the LSTM as they are; `finder` is one direction's of
  // the biLSTM that finds predicates.
  paper_sizes:: { words: 100, predicate: 100, projection: null, hidden: 300, layers: 8, finder: 100 },

  // A batch of 25 sentences has about their 80 predicates. `drop_outputs`: as in He et al.'s equations, see the encoder.
  paper_training:: {
    batch_size: 25,
    max_tokens: 100,
    dropout: 0,
    recurrent_dropout: 0.1,
    drop_outputs: true,
    trainer: {
      num_epochs: 500,
      patience: 20,
      grad_norm: 1.0,
      optimizer: { type: 'adadelta', lr: 1.0, rho: 0.95, eps: 1e-6 },
    },
  },

  // For some ten thousand sentences and two cores.
  open_sizes:: { words: 50, predicate: 50, projection: 100, hidden: 128, layers: 4, finder: 50 },
  open_training:: {
    batch_size: 16,
    max_tokens: 100,
    dropout: 0.1,
    recurrent_dropout: 0.1,
    trainer: {
      num_epochs: 4,
      grad_norm: 5.0,
      optimizer: { type: 'adam', lr: 0.002 },
      // Down to zero.
      learning_rate_scheduler: { type: 'linear_with_warmup', warmup_steps: 100 },
    },
  },

  // For a few dozen sentences and less than a minute.
  fixture_sizes:: self.open_sizes { predicate: 20, projection: 50, hidden: 50, layers: 2, finder: 20 },
  fixture_training:: {
    batch_size: 8,
    max_tokens: 100,
    dropout: 0.1,
    recurrent_dropout: 0,
    trainer: { num_epochs: 20, grad_norm: 5.0, optimizer: { type: 'adam', lr: 0.01 } },
  },

  // train, validation, test: files, or folders of files, in CoNLL-2012's columns. What is not said here: see
  // common.libsonnet. train_words: whether the words' vectors are trained.
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
    sizes=self.paper_sizes,
    training=self.paper_training,
    seed=1,
  ):: common.experiment(
    train,
    validation,
    glove,
    'f1-measure-overall',
    training,
    seed,
    // Not their tags, which are as many as its predicates.
    sorting_keys=['tokens'],
  ) + common.test_set(test) {
    local reader = { type: 'elmo_srl', token_indexers: common.token_indexers(sizes, bilm) },
    dataset_reader: reader { max_tokens: training.max_tokens },
    validation_dataset_reader: reader,
    model: {
      type: 'elmo_srl',
      dropout: training.dropout,
      text_field_embedder: common.text_field_embedder(sizes, glove, trainable=train_words),
      projection_dim: sizes.projection,
      predicate_dim: sizes.predicate,
      encoder: {
        type: 'elmo_alternating_lstm',
        hidden_size: sizes.hidden,
        num_layers: sizes.layers,
        recurrent_dropout_probability: training.recurrent_dropout,
        [if std.get(training, 'drop_outputs', false) then 'drop_outputs']: true,
      },
      predicate_encoder: { type: 'elmo_padded_lstm', hidden_size: sizes.finder, bidirectional: true },
      [if bilm != null then 'elmo']: bilms.task_elmo(bilm, place, layers, scalar_l2),
    },
  },
}

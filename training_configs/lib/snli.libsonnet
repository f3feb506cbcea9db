// Textual entailment with ESIM (Chen et al. 2017; Peters et al. 2018, section 4 and appendix A) as a function of what
// varies.
local bilms = import 'bilms.libsonnet';
local common = import 'common.libsonnet';

{
  // The paper's sizes. `hidden` is one direction's; `feedforward` is that of the projection and of the classifier.
  paper_sizes:: { words: 300, hidden: 300, feedforward: 300 },

  paper_training:: {
    batch_size: 32,
    dropout: 0.5,
    trainer: {
      num_epochs: 75,
      patience: 5,
      grad_norm: 5.0,
      optimizer: { type: 'adam', lr: 0.0004 },
      learning_rate_scheduler: { type: 'reduce_on_plateau', factor: 0.5, mode: 'max', patience: 0 },
    },
  },

  // For some ten thousand pairs and two cores.
  open_sizes:: { words: 50, hidden: 100, feedforward: 100 },
  open_training:: self.paper_training {
    dropout: 0.2,
    trainer+: { num_epochs: 20, patience: 4, optimizer: { type: 'adam', lr: 0.001 } },
  },

  // For a few dozen pairs and less than a minute.
  fixture_sizes:: { words: 50, hidden: 50, feedforward: 50 },
  fixture_training:: {
    batch_size: 8,
    dropout: 0.1,
    trainer: { num_epochs: 15, grad_norm: 5.0, optimizer: { type: 'adam', lr: 0.005 } },
  },

  // train, validation, test: files in SNLI's form. What is not said here: see common.libsonnet.
  // glove: pretrained vectors are not trained.
  // tokens_from: 'text', 'binary_parse' or 'tokens', see the reader `elmo_snli`.
  // layer_norm: of the biLM's layers before they are mixed: 'none', 'token' or 'stock'.
  // labels: those that the data may have; null: whatever it has.
  // l2: the strength of the L2 penalty on the weight matrices of the biLSTMs and of the feed-forward layers.
  experiment(
    train,
    validation,
    test=null,
    tokens_from='text',
    labels=null,
    bilm=null,
    place='both',
    layers='all',
    layer_norm='none',
    scalar_l2=0.001,
    glove=null,
    lowercase=true,
    sizes=self.paper_sizes,
    training=self.paper_training,
    attention_dropout=0,
    l2=0,
    seed=1,
  ):: common.experiment(
    train, validation, glove, 'accuracy', training, seed, sorting_keys=['premise', 'hypothesis']
  ) + common.test_set(test) {
    local bilstm = { type: 'elmo_padded_lstm', hidden_size: sizes.hidden, bidirectional: true },
    local bilstms = '^(encoder|inference_encoder)[.]',
    local feedforward = '^(projection|classifier)[.]',

    dataset_reader: {
      type: 'elmo_snli',
      tokens_from: tokens_from,
      [if labels != null then 'labels']: labels,
      token_indexers: common.token_indexers(sizes, bilm, lowercase),
    },
    model: {
      type: 'elmo_esim',
      dropout: training.dropout,
      attention_dropout: attention_dropout,
      text_field_embedder: common.text_field_embedder(sizes, glove, trainable=glove == null),
      encoder: bilstm,
      projection_dim: sizes.feedforward,
      inference_encoder: bilstm,
      hidden_dim: sizes.feedforward,
      [if bilm != null then 'elmo']: bilms.task_elmo(bilm, place, layers, scalar_l2) {
        [if layer_norm != 'none' then 'layer_norm']: layer_norm,
      },
      [if l2 != 0 then 'regularizer']: {
        regexes: [[matrices + '.*weight', { type: 'l2', alpha: l2 }] for matrices in [bilstms, feedforward]],
      },
      // As in AllenNLP's configs of ESIM.
      initializer: {
        regexes: [
          [bilstms + '.*weight_hh', { type: 'orthogonal' }],
          [bilstms + '.*weight_ih', { type: 'xavier_uniform' }],
          [bilstms + '.*bias_hh', { type: 'lstm_hidden_bias' }],
          [feedforward + '.*weight', { type: 'xavier_uniform' }],
        ],
      },
    },
  },
}

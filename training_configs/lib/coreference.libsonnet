// Coreference with the end-to-end model of Lee et al. 2017 (Peters et al. 2018, section 4) as a function of what varies.
local bilms = import 'bilms.libsonnet';
local common = import 'common.libsonnet';

{
  // The paper's. `hidden` is one direction's of the biLSTM, `network` that of the feed-forward networks. `spans` and the
  // rest: see the model `elmo_coref`.
  paper_sizes:: {
    words: 300,
    characters: 8,
    filters: 50,
    filter_width: [3, 4, 5],
    hidden: 200,
    network: 150,
    features: 20,
    width: 10,
    spans: 0.4,
    antecedents: 250,
    sentences: 50,
  },
  paper_training:: {
    batch_size: 1,
    input_dropout: 0.5,
    dropout: 0.2,
    mention_loss: 0,
    trainer: {
      num_epochs: 150,
      patience: 20,
      grad_norm: 5.0,
      optimizer: { type: 'adam', lr: 0.001 },
      // 0.999 every 100 documents, of which an epoch has 2,802.
      learning_rate_scheduler: { type: 'exponential', gamma: 0.9724 },
    },
  },

  // For some hundred documents and two cores.
  open_sizes:: {
    words: 50,
    hidden: 100,
    network: 100,
    features: 10,
    width: 10,
    spans: 0.25,
    antecedents: 40,
    sentences: 20,
  },
  open_training:: {
    batch_size: 1,
    input_dropout: 0.4,
    dropout: 0.2,
    mention_loss: 1,
    trainer: {
      num_epochs: 20,
      patience: 5,
      grad_norm: 5.0,
      optimizer: { type: 'adam', lr: 0.001 },
      learning_rate_scheduler: { type: 'exponential', gamma: 0.93 },
    },
  },

  // For a few dozen sentences and less than a minute.
  fixture_sizes:: self.open_sizes { hidden: 40, network: 40, width: 5, antecedents: 20 },
  fixture_training:: {
    batch_size: 4,
    input_dropout: 0.1,
    dropout: 0,
    mention_loss: 1,
    trainer: { num_epochs: 15, grad_norm: 5.0, optimizer: { type: 'adam', lr: 0.005 } },
  },

  // train, validation, test: files or folders in CoNLL-2012's columns. What is not said here: see common.libsonnet.
  // genre_pattern: see the reader `elmo_coref`; null where the model does not know genres. speakers: whether it knows
  // speakers. coarse_to_fine: see the model `elmo_coref`. train_words: whether the words' vectors are trained.
  experiment(
    train,
    validation,
    test=null,
    bilm=null,
    place='input',
    layers='all',
    scalar_l2=0.001,
    glove=null,
    train_words=glove == null,
    lowercase=true,
    genre_pattern=null,
    speakers=false,
    coarse_to_fine=false,
    sizes=self.open_sizes,
    training=self.open_training,
    seed=1,
  ):: common.experiment(train, validation, glove, 'conll-f1', training, seed) + common.test_set(test) {
    local batches = { batch_size: training.batch_size },

    dataset_reader: {
      type: 'elmo_coref',
      token_indexers: common.token_indexers(sizes, bilm, lowercase),
      [if genre_pattern != null then 'genre_pattern']: genre_pattern,
    },
    data_loader: batches { shuffle: true },
    validation_data_loader: batches,
    model: {
      type: 'elmo_coref',
      text_field_embedder: common.text_field_embedder(sizes, glove, trainable=train_words),
      encoder: { type: 'elmo_padded_lstm', hidden_size: sizes.hidden, bidirectional: true },
      max_span_width: sizes.width,
      spans_per_token: sizes.spans,
      max_antecedents: sizes.antecedents,
      max_training_sentences: sizes.sentences,
      coarse_to_fine: coarse_to_fine,
      hidden_dim: sizes.network,
      feature_dim: sizes.features,
      use_speakers: speakers,
      use_genres: genre_pattern != null,
      mention_loss: training.mention_loss,
      input_dropout: training.input_dropout,
      dropout: training.dropout,
      [if bilm != null then 'elmo']: bilms.task_elmo(bilm, place, layers, scalar_l2),
    },
  },
}

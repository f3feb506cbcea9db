// Named entity recognition with a biLSTM-CRF (Peters et al. 2018, section 4 and appendix A.4) as a function of what
// varies.
local bilms = import 'bilms.libsonnet';
local common = import 'common.libsonnet';

{
  // The paper's sizes. `hidden` is one direction's.
  paper_sizes:: { words: 50, characters: 16, filters: 128, filter_width: 3, hidden: 200, layers: 2 },

  paper_training:: {
    batch_size: 64,
    trainer: {
      num_epochs: 75,
      patience: 25,
      grad_norm: 5.0,
      optimizer: { type: 'adam', lr: 0.001 },
      learning_rate_scheduler: { type: 'reduce_on_plateau', factor: 0.5, mode: 'max', patience: 2 },
    },
  },

  // For a few thousand sentences and two cores.
  open_sizes:: self.paper_sizes { hidden: 100, layers: 1 },
  open_training:: {
    batch_size: 32,
    trainer: {
      num_epochs: 30,
      patience: 6,
      grad_norm: 5.0,
      optimizer: { type: 'adam', lr: 0.002 },
      learning_rate_scheduler: $.paper_training.trainer.learning_rate_scheduler,
    },
  },

  // For a hundred sentences or two. The first scores are 0 for several epochs, which is no reason to stop or to go
  // slower: the rate stays, and the best epoch is taken.
  hundreds_training:: {
    batch_size: 8,
    trainer: { num_epochs: 40, grad_norm: 5.0, optimizer: { type: 'adam', lr: 0.002 } },
  },

  // For a few hundred sentences and less than a minute.
  fixture_sizes:: self.paper_sizes { filters: 64, hidden: 64, layers: 1 },
  fixture_training:: {
    batch_size: 32,
    trainer: { num_epochs: 15, grad_norm: 5.0, optimizer: { type: 'adam', lr: 0.008 } },
  },

  // train, validation, test: files in CoNLL-2003's columns. What is not said here: see common.libsonnet.
  experiment(
    train,
    validation,
    test=null,
    bilm=null,
    place='input',
    layers='all',
    scalar_l2=0.1,
    glove=null,
    sizes=self.paper_sizes,
    training=self.paper_training,
    dropout=0.5,
    seed=1,
  ):: common.experiment(train, validation, glove, 'f1-measure-overall', training, seed) + common.test_set(test) {
    dataset_reader: {
      type: 'elmo_conll2003',
      tag_column: 'ner',
      coding_scheme: 'BIOUL',
      token_indexers: common.token_indexers(sizes, bilm),
    },
    model: {
      type: 'elmo_crf_tagger',
      label_encoding: 'BIOUL',
      dropout: dropout,
      text_field_embedder: common.text_field_embedder(sizes, glove, trainable=true),
      encoder: {
        type: 'elmo_padded_lstm',
        hidden_size: sizes.hidden,
        num_layers: sizes.layers,
        dropout: if sizes.layers > 1 then dropout else 0,
        bidirectional: true,
      },
      [if bilm != null then 'elmo']: bilms.task_elmo(bilm, place, layers, scalar_l2),
    },
  },
}

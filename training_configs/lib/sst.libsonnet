// Sentiment with the biattentive classification network (McCann et al. 2017; Peters et al. 2018, section 4 and appendix
// A) as a function of what varies.
local bilms = import 'bilms.libsonnet';
local common = import 'common.libsonnet';

{
  // Those of AllenNLP's configs. `hidden` is one direction's of each biLSTM; `classifier` has those of the layers
  // before the last.
  paper_sizes:: { words: 300, projection: 300, hidden: 300, classifier: [1200, 600] },
  paper_training:: {
    batch_size: 100,
    dropout: 0.5,
    hidden_dropout: 0.2,
    trainer: { num_epochs: 40, patience: 5, grad_norm: 5.0, optimizer: { type: 'adam', lr: 0.0001 } },
  },

  // AllenNLP's, whose layers are maxout layers.
  allennlp_training:: self.paper_training { trainer+: { optimizer: { type: 'adam', lr: 0.001 } } },

  // For some thousand sentences and two cores.
  open_sizes:: { words: 50, projection: 100, hidden: 100, classifier: [200, 100] },
  open_training:: {
    batch_size: 32,
    dropout: 0.25,
    hidden_dropout: 0.2,
    trainer: {
      num_epochs: 6,
      grad_norm: 5.0,
      optimizer: { type: 'adam', lr: 0.001 },
      learning_rate_scheduler: { type: 'linear_with_warmup', warmup_steps: 100 },
    },
  },

  // For a few dozen sentences and less than a minute.
  fixture_sizes:: { words: 50, projection: 50, hidden: 50, classifier: [50] },
  fixture_training:: {
    batch_size: 8,
    dropout: 0.1,
    hidden_dropout: 0.1,
    trainer: { num_epochs: 15, grad_norm: 5.0, optimizer: { type: 'adam', lr: 0.005 } },
  },

  // train, validation, test: files of trees. phrases, min_tokens: what is trained on, see the reader `elmo_sst`; scored
  // are whole sentences. classes: 5 or 2. maxout_pieces: see the model `elmo_bcn`. What is not said here: see
  // common.libsonnet.
  // glove: pretrained vectors are not trained.
  experiment(
    train,
    validation,
    test=null,
    phrases='roots',
    min_tokens=1,
    classes=5,
    bilm=null,
    place='both',
    layers='all',
    scalar_l2=0.001,
    glove=null,
    lowercase=true,
    maxout_pieces=null,
    sizes=self.paper_sizes,
    training=self.paper_training,
    seed=1,
  ):: common.experiment(train, validation, glove, 'accuracy', training, seed) + common.test_set(test) {
    local bilstm = { type: 'elmo_padded_lstm', hidden_size: sizes.hidden, bidirectional: true },
    local reader = {
      type: 'elmo_sst',
      classes: classes,
      token_indexers: common.token_indexers(sizes, bilm, lowercase),
    },

    dataset_reader: reader { phrases: phrases, min_tokens: min_tokens },
    validation_dataset_reader: reader,
    model: {
      type: 'elmo_bcn',
      dropout: training.dropout,
      hidden_dropout: training.hidden_dropout,
      text_field_embedder: common.text_field_embedder(sizes, glove, trainable=glove == null),
      projection_dim: sizes.projection,
      encoder: bilstm,
      integrator: bilstm,
      hidden_dims: sizes.classifier,
      [if maxout_pieces != null then 'maxout_pieces']: maxout_pieces,
      [if bilm != null then 'elmo']: bilms.task_elmo(bilm, place, layers, scalar_l2),
    },
  },
}

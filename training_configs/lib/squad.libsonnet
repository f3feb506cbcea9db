// Reading comprehension with the model of Clark and Gardner 2018 (Peters et al. 2018, section 4 and appendix A.3), or
// with BiDAF (Seo et al. 2017), as a function of what varies.
local bilms = import 'bilms.libsonnet';
local common = import 'common.libsonnet';

{
  // The paper's sizes. `hidden` is one direction's of each encoder; the linear layers give both directions'.
  paper_sizes:: { words: 300, characters: 20, filters: 100, filter_width: 5, hidden: 90 },

  paper_training:: {
    batch_size: 45,
    trainer: {
      num_epochs: 24,
      // TensorFlow's Adadelta, with its rho and epsilon.
      optimizer: { type: 'adadelta', lr: 1.0, rho: 0.95, eps: 1e-8 },
      moving_average: { type: 'exponential', decay: 0.999 },
    },
  },

  // BiDAF's own.
  bidaf_sizes:: { words: 100, characters: 8, filters: 100, filter_width: 5, hidden: 100 },
  bidaf_training:: {
    batch_size: 60,
    trainer: {
      num_epochs: 12,
      optimizer: { type: 'adadelta', lr: 0.5, rho: 0.95, eps: 1e-8 },
      moving_average: { type: 'exponential', decay: 0.999 },
    },
  },

  // For some seven thousand questions and two cores.
  open_sizes:: { words: 50, characters: 16, filters: 50, filter_width: 5, hidden: 50 },
  open_training:: {
    batch_size: 32,
    trainer: { num_epochs: 7, grad_norm: 5.0, optimizer: { type: 'adam', lr: 0.002 } },
  },

  // For a few dozen questions and less than a minute.
  fixture_sizes:: { words: 50, characters: 8, filters: 32, filter_width: 3, hidden: 40 },
  fixture_training:: {
    batch_size: 12,
    trainer: { num_epochs: 25, grad_norm: 5.0, optimizer: { type: 'adam', lr: 0.01 } },
  },

  // The model's parameters in which the two differ.
  clark_gardner(hidden):: {
    local bigru = { type: 'elmo_padded_gru', hidden_size: hidden, bidirectional: true },
    self_attention: true,
    highway_layers: 0,
    variational_dropout: true,
    contextual_layer: bigru,
    modeling_layer: bigru,
    span_start_encoder: bigru,
    span_end_encoder: bigru,
  },
  bidaf(hidden):: {
    local bilstm = { type: 'elmo_padded_lstm', hidden_size: hidden, bidirectional: true },
    self_attention: false,
    highway_layers: 2,
    contextual_layer: bilstm,
    modeling_layer: bilstm { num_layers: 2 },
    span_end_encoder: bilstm,
  },

  // train, validation: files in SQuAD 1.1's JSON. What is not said here: see common.libsonnet.
  // glove: pretrained vectors are not trained.
  // self_attention: whether the model is Clark and Gardner's, or BiDAF.
  // elmo_dropout: of ELMo's vectors, where they are added.
  // max_passage_tokens: longer passages are cut in training; questions whose answer is cut off are left out of it.
  // train_paragraphs, validation_paragraphs: only so many, the first, of each article.
  experiment(
    train,
    validation,
    self_attention=true,
    bilm=null,
    place='both',
    layers='all',
    scalar_l2=0,
    elmo_dropout=0,
    glove=null,
    lowercase=true,
    max_passage_tokens=null,
    train_paragraphs=null,
    validation_paragraphs=null,
    sizes=self.paper_sizes,
    training=self.paper_training,
    dropout=0.2,
    max_span_length=17,
    seed=1,
  ):: common.experiment(
    train, validation, glove, 'f1', training, seed, sorting_keys=['passage', 'question']
  ) {
    local reader = {
      type: 'elmo_squad',
      cover_inexact_answers: true,
      token_indexers: common.token_indexers(sizes, bilm, lowercase),
    },

    dataset_reader: reader {
      answerable_only: true,
      [if max_passage_tokens != null then 'max_passage_tokens']: max_passage_tokens,
      [if train_paragraphs != null then 'max_paragraphs_per_article']: train_paragraphs,
    },
    // Every question counts, and its whole passage.
    validation_dataset_reader: reader {
      [if validation_paragraphs != null then 'max_paragraphs_per_article']: validation_paragraphs,
    },
    model: {
      type: 'elmo_bidaf',
      dropout: dropout,
      max_span_length: max_span_length,
      text_field_embedder: common.text_field_embedder(sizes, glove, trainable=glove == null),
      [if bilm != null then 'elmo']: bilms.task_elmo(bilm, place, layers, scalar_l2) { dropout: elmo_dropout },
    } + (if self_attention then $.clark_gardner(sizes.hidden) else $.bidaf(sizes.hidden)),
  },
}

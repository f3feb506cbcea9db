// Reading comprehension with the model of Clark and Gardner 2018 (Peters et al. 2018, section 4 and appendix A.3), or
// with BiDAF (Seo et al. 2017), as a function of what varies.
local bilms = import 'bilms.libsonnet';

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
  small_sizes:: { words: 50, characters: 8, filters: 32, filter_width: 3, hidden: 40 },
  small_training:: {
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

  // train, validation: files in SQuAD 1.1's JSON.
  // self_attention: whether the model is Clark and Gardner's, or BiDAF.
  // bilm: a name or files, see bilms.libsonnet; null for the baseline.
  // place: where ELMo goes: 'input', 'output' or 'both'. layers: 'all', 'last' or one layer's number.
  // scalar_l2: the strength of the L2 penalty on the weights of ELMo's layers, lambda in the paper's section 3.2.
  // elmo_dropout: of ELMo's vectors, where they are added.
  // glove: a file of pretrained word vectors, which are not trained; or null: then only the words of the training data
  // have vectors, and these are trained. lowercase: whether words are looked up in lower case.
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
  ):: {
    local reader = {
      type: 'elmo_squad',
      cover_inexact_answers: true,
      token_indexers: {
        tokens: { type: 'single_id', lowercase_tokens: lowercase },
        token_characters: {
          type: 'characters',
          // Word boundaries are characters too, so that more words have a whole window.
          character_tokenizer: { start_tokens: ['<w>'], end_tokens: ['</w>'] },
          min_padding_length: sizes.filter_width,
        },
        // As `elmo_characters`, in less time and memory: passages are long.
        [if bilm != null then 'elmo']: { type: 'elmo_character_ids' },
      },
    },
    local batches = {
      batch_sampler: { type: 'bucket', batch_size: training.batch_size, sorting_keys: ['passage', 'question'] },
    },

    random_seed: seed,
    numpy_seed: seed,
    pytorch_seed: seed,
    dataset_reader: reader {
      answerable_only: true,
      [if max_passage_tokens != null then 'max_passage_tokens']: max_passage_tokens,
      [if train_paragraphs != null then 'max_paragraphs_per_article']: train_paragraphs,
    },
    // Every question counts, and its whole passage.
    validation_dataset_reader: reader {
      [if validation_paragraphs != null then 'max_paragraphs_per_article']: validation_paragraphs,
    },
    train_data_path: train,
    validation_data_path: validation,
    // A word that is outside the vocabulary has one vector for all its kind, which without pretrained vectors is
    // trained on the words that training has seen only once.
    vocabulary: if glove != null
    then { pretrained_files: { tokens: glove }, only_include_pretrained_words: true }
    else { min_count: { tokens: 2 } },
    [if glove == null then 'datasets_for_vocab_creation']: ['train'],
    model: {
      type: 'elmo_bidaf',
      dropout: dropout,
      max_span_length: max_span_length,
      text_field_embedder: {
        token_embedders: {
          tokens: {
            type: 'embedding',
            embedding_dim: sizes.words,
            trainable: glove == null,
            [if glove != null then 'pretrained_file']: glove,
          },
          token_characters: {
            type: 'elmo_distinct_character_encoding',
            embedding: { embedding_dim: sizes.characters, vocab_namespace: 'token_characters' },
            encoder: {
              type: 'cnn',
              embedding_dim: sizes.characters,
              num_filters: sizes.filters,
              ngram_filter_sizes: [sizes.filter_width],
              conv_layer_activation: 'relu',
            },
          },
        },
      },
      [if bilm != null then 'elmo']: bilms.task_elmo(bilm, place, layers, scalar_l2) { dropout: elmo_dropout },
    } + (if self_attention then $.clark_gardner(sizes.hidden) else $.bidaf(sizes.hidden)),
    data_loader: batches,
    validation_data_loader: batches,
    trainer: {
      validation_metric: '+f1',
      checkpointer: { keep_most_recent_by_count: 1 },
    } + training.trainer,
  },
}

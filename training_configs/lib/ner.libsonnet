// Named entity recognition with a biLSTM-CRF (Peters et al. 2018, section 4 and appendix A.4) as a function of what
// varies.
local bilms = import 'bilms.libsonnet';

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
  small_sizes:: self.paper_sizes { hidden: 100, layers: 1 },
  small_training:: {
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
  demo_sizes:: self.paper_sizes { filters: 64, hidden: 64, layers: 1 },
  demo_training:: {
    batch_size: 32,
    trainer: { num_epochs: 15, grad_norm: 5.0, optimizer: { type: 'adam', lr: 0.008 } },
  },

  // train, validation, test: files in CoNLL-2003's columns; test may be null.
  // bilm: a name or files, see bilms.libsonnet; null for the baseline.
  // place: where ELMo goes: 'input', 'output' or 'both'. layers: 'all', 'last' or one layer's number.
  // scalar_l2: the strength of the L2 penalty on the weights of ELMo's layers, lambda in the paper's section 3.2.
  // glove: a file of pretrained word vectors, or null: then only the words of the training data have vectors.
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
  ):: {
    random_seed: seed,
    numpy_seed: seed,
    pytorch_seed: seed,
    dataset_reader: {
      type: 'elmo_conll2003',
      tag_column: 'ner',
      coding_scheme: 'BIOUL',
      token_indexers: {
        tokens: { type: 'single_id', lowercase_tokens: true },
        token_characters: {
          type: 'characters',
          // Word boundaries are characters too, so that the shortest word has a whole window.
          character_tokenizer: { start_tokens: ['<w>'], end_tokens: ['</w>'] },
          min_padding_length: sizes.filter_width,
        },
        [if bilm != null then 'elmo']: { type: 'elmo_character_ids' },
      },
    },
    train_data_path: train,
    validation_data_path: validation,
    [if test != null then 'test_data_path']: test,
    evaluate_on_test: test != null,
    // A word that is outside the vocabulary has one vector for all its kind, which has to be trained on something:
    // on the words that have no pretrained vector, or else on those that training has seen only once.
    vocabulary: if glove != null
    then { pretrained_files: { tokens: glove }, only_include_pretrained_words: true }
    else { min_count: { tokens: 2 } },
    [if glove == null then 'datasets_for_vocab_creation']: ['train'],
    model: {
      type: 'elmo_crf_tagger',
      label_encoding: 'BIOUL',
      dropout: dropout,
      text_field_embedder: {
        token_embedders: {
          tokens: {
            type: 'embedding',
            embedding_dim: sizes.words,
            trainable: true,
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
      encoder: {
        // Its input size follows from the embedders.
        type: 'elmo_padded_lstm',
        hidden_size: sizes.hidden,
        num_layers: sizes.layers,
        dropout: if sizes.layers > 1 then dropout else 0,
        bidirectional: true,
      },
      [if bilm != null then 'elmo']: bilms.task_elmo(bilm, place, layers, scalar_l2),
    },
    data_loader: { batch_sampler: { type: 'bucket', batch_size: training.batch_size } },
    validation_data_loader: { batch_sampler: { type: 'bucket', batch_size: training.batch_size } },
    trainer: {
      validation_metric: '+f1-measure-overall',
      checkpointer: { keep_most_recent_by_count: 1 },
    } + training.trainer,
  },
}

// What the experiments of all tasks have in common, and what the parameters that they share mean:
//
// train, validation, test: files in the task's form; test may be null.
// bilm: a name or files, or { transformer: ... }, see bilms.libsonnet; null for the baseline.
// place: where ELMo goes: 'input', 'output' or 'both'. layers: 'all', 'last' or one layer's number.
// scalar_l2: the strength of the L2 penalty on the weights of ELMo's layers, lambda in the paper's section 3.2.
// glove: a file of pretrained word vectors; or null: then only the words of the training data have vectors.
// lowercase: whether words are looked up in lower case.
// sizes: how long the vectors are. With `characters` a word's vector has a character CNN's beside it, of `filters`
//   filters over `filter_width` characters, or over each of several numbers of characters. Input sizes follow: the models
//   find them.
// training: batch_size, and what the trainer has beside the below.
local bilms = import 'bilms.libsonnet';

{
  // All but the reader and the model. metric: what is to rise. sorting_keys: the text fields by whose lengths a batch's
  // instances are alike, most important first; null where there is one.
  experiment(train, validation, glove, metric, training, seed, sorting_keys=null):: {
    local batches = {
      batch_sampler: {
        type: 'bucket',
        batch_size: training.batch_size,
        [if sorting_keys != null then 'sorting_keys']: sorting_keys,
      },
    },

    random_seed: seed,
    numpy_seed: seed,
    pytorch_seed: seed,
    train_data_path: train,
    validation_data_path: validation,
    // Words outside the vocabulary have one vector for all of them. Where vectors are trained, it is trained on the words
    // that have no pretrained vector, or else on those that training has seen only once. With pretrained vectors the
    // vocabulary is made of all data, so that words of the development data have theirs. It has that data's labels too:
    // one that training never saw gets an output, which is never trained, and no warning.
    vocabulary: if glove != null
    then { pretrained_files: { tokens: glove }, only_include_pretrained_words: true }
    else { min_count: { tokens: 2 } },
    [if glove == null then 'datasets_for_vocab_creation']: ['train'],
    data_loader: batches,
    validation_data_loader: batches,
    trainer: {
      validation_metric: '+' + metric,
      checkpointer: { keep_most_recent_by_count: 1 },
    } + training.trainer,
  },

  // For the tasks that have one.
  test_set(test):: {
    [if test != null then 'test_data_path']: test,
    evaluate_on_test: test != null,
  },

  token_indexers(sizes, bilm, lowercase=true):: {
    tokens: { type: 'single_id', lowercase_tokens: lowercase },
    [if 'characters' in sizes then 'token_characters']: {
      type: 'characters',
      // Word boundaries are characters too, so that more words have a whole window.
      character_tokenizer: { start_tokens: ['<w>'], end_tokens: ['</w>'] },
      min_padding_length: std.foldl(std.max, $.filter_widths(sizes), 1),
    },
    [if bilm != null then 'elmo']: bilms.indexer(bilm),
  },

  filter_widths(sizes):: if std.isArray(sizes.filter_width) then sizes.filter_width else [sizes.filter_width],

  // trainable: whether the words' vectors are trained.
  text_field_embedder(sizes, glove, trainable):: {
    token_embedders: {
      tokens: {
        type: 'embedding',
        embedding_dim: sizes.words,
        trainable: trainable,
        [if glove != null then 'pretrained_file']: glove,
      },
      [if 'characters' in sizes then 'token_characters']: {
        type: 'elmo_distinct_character_encoding',
        embedding: { embedding_dim: sizes.characters, vocab_namespace: 'token_characters' },
        encoder: {
          type: 'cnn',
          embedding_dim: sizes.characters,
          num_filters: sizes.filters,
          ngram_filter_sizes: $.filter_widths(sizes),
          conv_layer_activation: 'relu',
        },
      },
    },
  },
}

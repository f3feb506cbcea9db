// Machine translation with an attention encoder-decoder as a function of what varies.
local bilms = import 'bilms.libsonnet';
local common = import 'common.libsonnet';

{
  // For some ten thousand short pairs and an hour of two cores. `words` and `target_words` are the lengths of the
  // words' vectors, `hidden` that of one direction of the encoder, `decoder` that of the decoder's states.
  open_sizes:: { words: 192, hidden: 192, layers: 2, target_words: 192, decoder: 192 },
  open_training:: {
    batch_size: 64,
    dropout: 0.3,
    label_smoothing: 0.1,
    trainer: {
      num_epochs: 10,
      grad_norm: 1.0,
      optimizer: { type: 'adam', lr: 0.002 },
      learning_rate_scheduler: { type: 'linear_with_warmup', warmup_steps: 200 },
    },
  },

  // For a few dozen pairs and less than a minute.
  fixture_sizes:: { words: 50, hidden: 50, layers: 2, target_words: 50, decoder: 50 },
  fixture_training:: {
    batch_size: 8,
    dropout: 0.1,
    label_smoothing: 0.1,
    trainer: { num_epochs: 30, grad_norm: 5.0, optimizer: { type: 'adam', lr: 0.005 } },
  },

  kind(tokenizer):: if std.isObject(tokenizer) then std.get(tokenizer, 'type') else tokenizer,

  // train, validation, test: see the reader `elmo_translation`. source_tokenizer, target_tokenizer, max_tokens: its
  // parameters; what is scored is read whole. tokenize: sacreBLEU's, of translations and references. beam_size: see the
  // model `elmo_translator`. max_steps: how many tokens a translation may have, with its joiners, of which text in
  // characters has one between any two.
  // What is not said here: see common.libsonnet.
  experiment(
    train,
    validation,
    test=null,
    source_tokenizer={ type: 'elmo_spacy_rules', language: 'en' },
    target_tokenizer={ type: 'elmo_spacy_rules', language: 'de' },
    max_tokens=null,
    tokenize='13a',
    beam_size=5,
    max_steps=if $.kind(target_tokenizer) == 'elmo_chinese_characters' then 200 else 50,
    bilm=null,
    place='input',
    layers='all',
    scalar_l2=0.001,
    glove=null,
    lowercase=true,
    sizes=self.open_sizes,
    training=self.open_training,
    seed=1,
  ):: common.experiment(
    train, validation, glove, 'bleu', training, seed, sorting_keys=['target', 'source']
  ) + common.test_set(test) {
    local reader = {
      type: 'elmo_translation',
      source_tokenizer: source_tokenizer,
      target_tokenizer: target_tokenizer,
      token_indexers: common.token_indexers(sizes, bilm, lowercase),
    },

    dataset_reader: reader { [if max_tokens != null then 'max_tokens']: max_tokens },
    [if max_tokens != null then 'validation_dataset_reader']: reader,
    // The target's words are always those of the training data.
    vocabulary+: { min_count+: { target_tokens: 2 } },
    datasets_for_vocab_creation: ['train'],
    model: {
      type: 'elmo_translator',
      text_field_embedder: common.text_field_embedder(sizes, glove, trainable=true),
      encoder: {
        type: 'elmo_padded_gru',
        hidden_size: sizes.hidden,
        num_layers: sizes.layers,
        dropout: training.dropout,
        bidirectional: true,
      },
      embedding_dim: sizes.target_words,
      hidden_dim: sizes.decoder,
      dropout: training.dropout,
      label_smoothing: training.label_smoothing,
      beam_size: beam_size,
      max_steps: max_steps,
      bleu: { tokenize: tokenize },
      [if bilm != null then 'elmo']: bilms.task_elmo(bilm, place, layers, scalar_l2),
    },
  },
}

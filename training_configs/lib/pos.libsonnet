// Parts of speech, or other tags that mark no spans, in CoNLL-U: the tagger of ner.libsonnet as a function of what varies.
local ner = import 'ner.libsonnet';

{
  // For ten thousand sentences and two cores.
  open_sizes:: ner.open_sizes,
  open_training:: ner.open_training { trainer+: { num_epochs: 10, patience: 3 } },

  // For a few thousand.
  thousands_training:: ner.open_training,

  fixture_sizes:: ner.fixture_sizes,
  fixture_training:: ner.fixture_training,

  // train, validation, test: files in CoNLL-U. column: the tags' column. What is not said here: see common.libsonnet.
  experiment(
    train,
    validation,
    test=null,
    column='upos',
    bilm=null,
    place='input',
    layers='all',
    scalar_l2=0.1,
    glove=null,
    sizes=self.open_sizes,
    training=self.open_training,
    dropout=0.5,
    seed=1,
  )::
    local tagger = ner.experiment(
      train, validation, test, bilm, place, layers, scalar_l2, glove, sizes, training, dropout, seed
    );
    tagger {
      dataset_reader: {
        type: 'elmo_conllu',
        tag_column: column,
        token_indexers: tagger.dataset_reader.token_indexers,
      },
      // The tags mark no spans: there is no F1 of them.
      model+: { label_encoding: null },
      trainer+: { validation_metric: '+accuracy' },
    },
}

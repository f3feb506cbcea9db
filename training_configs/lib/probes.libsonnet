// The runs of the paper's tables 5 and 6, which are no trainings: see elmo_tasks/reproduce/probes.
//
// split: what is evaluated on, 'test' or 'development'.
// bilm: a name or files; null for the baseline. weights: 'trained', or 'random' for the same biLM untrained.
{
  // train, evaluation: CoNLL-U, or other CoNLL columns. column: the tags'.
  tags(train, evaluation, column, split, bilm=null, weights='trained'):: {
    train: train,
    evaluation: evaluation,
    column: column,
    split: split,
    [if bilm != null then 'elmo']: { bilm: bilm, weights: weights },
  },

  // corpus: the text with senses whose averages are taken. evaluation: a list of such texts. index: WordNet's index.sense.
  senses(corpus, evaluation, index, split, bilm=null, weights='trained'):: {
    [if bilm != null then 'corpus']: corpus,
    evaluation: evaluation,
    index: index,
    split: split,
    [if bilm != null then 'elmo']: { bilm: bilm, weights: weights },
  },

  // A text's two files in the form of the unified evaluation framework. end: such as '.gz'.
  text(path, end=''):: [path + '.data.xml' + end, path + '.gold.key.txt' + end],
}

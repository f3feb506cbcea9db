"""
What the paper reports: Peters et al. 2018, "Deep contextualized word representations", in the version of NAACL (arXiv
1802.05365v2). No figure of ours stands here, and none of the ICLR submission's, several of which differ.
"""

from typing import NamedTuple

SOURCE = "Peters et al. 2018 (NAACL; arXiv 1802.05365v2)"


class Published(NamedTuple):
    """A figure as printed, in points. `gain` and `error_reduction` (in percent) are over the baseline."""

    value: float
    deviation: float | None = None
    gain: float | None = None
    error_reduction: float | None = None


class PaperTask(NamedTuple):
    """A row of the paper's tables."""

    corpus: str
    measure: str


TASKS = {
    "SQuAD": PaperTask("SQuAD 1.1", "F1"),
    "SNLI": PaperTask("SNLI", "accuracy"),
    "SRL": PaperTask("OntoNotes", "F1"),
    "Coref": PaperTask("OntoNotes (CoNLL-2012)", "average F1"),
    "NER": PaperTask("CoNLL-2003", "F1"),
    "SST-5": PaperTask("Stanford Sentiment Treebank, five classes", "accuracy"),
}
"""In the order of table 1."""

TABLE_1 = {
    "SQuAD": {"baseline": Published(81.1), "elmo": Published(85.8, None, 4.7, 24.9)},
    "SNLI": {"baseline": Published(88.0), "elmo": Published(88.7, 0.17, 0.7, 5.8)},
    "SRL": {"baseline": Published(81.4), "elmo": Published(84.6, None, 3.2, 17.2)},
    "Coref": {"baseline": Published(67.2), "elmo": Published(70.4, None, 3.2, 9.8)},
    "NER": {"baseline": Published(90.15), "elmo": Published(92.22, 0.10, 2.06, 21.0)},
    "SST-5": {"baseline": Published(51.4), "elmo": Published(54.7, 0.5, 3.3, 6.8)},
}
"""Of test sets."""

TABLE_2 = {
    "SQuAD": {
        "baseline": Published(80.8),
        "last": Published(84.7),
        "lambda-1": Published(85.0),
        "lambda-0.001": Published(85.2),
    },
    "SNLI": {
        "baseline": Published(88.1),
        "last": Published(89.1),
        "lambda-1": Published(89.3),
        "lambda-0.001": Published(89.5),
    },
    "SRL": {
        "baseline": Published(81.6),
        "last": Published(84.1),
        "lambda-1": Published(84.6),
        "lambda-0.001": Published(84.8),
    },
}
"""Of development sets."""

TABLE_3 = {
    "SQuAD": {"input": Published(85.1), "both": Published(85.6), "output": Published(84.8)},
    "SNLI": {"input": Published(88.9), "both": Published(89.5), "output": Published(88.7)},
    "SRL": {"input": Published(84.7), "both": Published(84.3), "output": Published(80.9)},
}
"""Of development sets."""

TABLE_5 = {"baseline": Published(65.9), "layer-1": Published(67.4), "layer-2": Published(69.0)}
"""Word sense disambiguation by the nearest sense, F1 over four test sets; the baseline is WordNet's first sense."""

OTHERS_5 = (
    "The paper has four test sets together, and beside the biLM CoVe, first layer 59.4 and second 64.7, Raganato et "
    "al. (2017a) 69.9 and Iacobacci et al. (2016) 70.1. The baseline is WordNet's first sense."
)

TABLE_6 = {"layer-1": Published(97.3), "layer-2": Published(96.8)}
"""Parts of speech of the Penn Treebank by a linear classifier, accuracy."""

OTHERS_6 = (
    "The paper has the Penn Treebank, and beside the biLM CoVe, first layer 93.3 and second 92.8, Collobert et al. "
    "(2011) 97.3, Ma and Hovy (2016) 97.6 and Ling et al. (2015) 97.8. The baseline is each word's most frequent tag. "
    "Random weights are those of a biLM of the same shape that was not trained."
)

FIGURE_1 = (
    "The paper (section 5.4): semantic role labelling reaches its best development F1 at epoch 486 without ELMo, and "
    "is past it at epoch 10 with ELMo; with 1 % of the training data ELMo does about as well as the baseline with "
    "10 %. It prints no values of its curves, which are for SNLI and semantic role labelling, 0.1 % to 100 % of the "
    "data."
)

FIGURE_2 = (
    "The paper (section 5.5): at the input, tasks favour the first biLSTM layer, coreference and SQuAD strongly; at "
    "the output the weights are nearly balanced, with a slight preference for lower layers. It prints no values."
)

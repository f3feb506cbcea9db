"""OntoNotes as CoNLL-2012's shared task has it, which semantic roles and coreference are trained on."""

from pathlib import Path

from elmo_tasks.tasks.base.card import Corpus, Counts
from elmo_tasks.tasks.base.conll2012 import read_documents


def count_documents(path: Path) -> Counts:
    """The documents of a file in CoNLL-2012's columns; each part of a longer text is one."""
    return {"documents": sum(1 for _ in read_documents(path))}


CONLL_2012 = Corpus(
    "CoNLL-2012, English",
    "https://catalog.ldc.upenn.edu/LDC2013T19 (OntoNotes 5.0) and https://conll.cemantix.org/2012 (its columns); the "
    "files of a part behind one another in one",
    "the Linguistic Data Consortium's",
    count_documents,
    {
        "conll2012/train.english.v4_gold_conll": {"documents": 2802},
        "conll2012/dev.english.v4_gold_conll": {"documents": 343},
        "conll2012/test.english.v4_gold_conll": {"documents": 348},
    },
)

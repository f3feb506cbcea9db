"""
What is known about text classification.

The counts of SST-2 are those published with it; the others are of the files as they lie in the profiles' folders.
"""

from collections import Counter
from pathlib import Path

from elmo_tasks.tasks.base.card import Card, Corpus, Counts, Experiment
from elmo_tasks.tasks.base.reader import all_good
from elmo_tasks.tasks.base.word_vectors import GLOVE_6B_SUBSET, GLOVE_840B
from elmo_tasks.tasks.classification.corpus import Form, read_documents


def count_labels(path: Path, form: Form | None = None) -> Counts:
    """The texts of each label."""
    counts: Counter[str] = Counter()
    for document in all_good(read_documents(path, form or Form()), path):
        counts[str(document.label)] += 1
    return counts


def count_glue(path: Path) -> Counts:
    """The same of GLUE's TSV, whose texts are in the column `sentence`."""
    return count_labels(path, Form(text_column="sentence"))


def count_questions(path: Path) -> Counts:
    """The questions of each of TREC's six classes, and how many of the fifty there are."""
    fine = count_labels(path, Form(label_column="fine_label"))
    return {**count_labels(path), "of the fine classes": len(fine)}


def _experiment(name: str, title: str, row: str, config: str, bilm: str | None = None) -> Experiment:
    baseline, elmo = f"classification/{config}_baseline", f"classification/{config}_elmo"
    return Experiment(name, title, row, "accuracy", baseline, elmo, bilm=bilm)


def _polarity(negative: int, positive: int) -> Counts:
    return {"negative": negative, "positive": positive}


def _topics(each: int) -> Counts:
    return {"weather": each, "food": each, "travel": each}


SST_2 = Corpus(
    "SST-2, as in GLUE",
    "https://gluebenchmark.com/tasks",
    "none stated",
    count_glue,
    {"SST-2/train.tsv": {"0": 29780, "1": 37569}, "SST-2/dev.tsv": {"0": 428, "1": 444}},
)

TREC = Corpus(
    "TREC questions",
    "https://cogcomp.seas.upenn.edu/Data/QA/QC (here cut at random)",
    "none stated",
    count_questions,
    {
        "textcls/trec.train.jsonl.gz": {
            "ABBR": 79,
            "DESC": 1064,
            "ENTY": 1136,
            "HUM": 1108,
            "LOC": 761,
            "NUM": 804,
            "of the fine classes": 50,
        },
        "textcls/trec.dev.jsonl.gz": {
            "ABBR": 7,
            "DESC": 98,
            "ENTY": 114,
            "HUM": 115,
            "LOC": 74,
            "NUM": 92,
            "of the fine classes": 47,
        },
    },
)

POLARITY = Corpus(
    "Sentence polarity 1.0",
    "https://www.cs.cornell.edu/people/pabo/movie-review-data (here cut at random)",
    "CC BY 4.0",
    count_labels,
    {
        "textcls/polarity.train.jsonl.gz": _polarity(4277, 4253),
        "textcls/polarity.dev.jsonl.gz": _polarity(528, 538),
    },
)

HOTEL_ZH = Corpus(
    "Chinese hotel reviews (ChnSentiCorp)",
    "https://github.com/SophonPlus/ChineseNlpCorpus (here without repeats, and cut at random)",
    "none stated",
    count_labels,
    {
        "textcls/hotel_zh.train.jsonl.gz": _polarity(1942, 4271),
        "textcls/hotel_zh.dev.jsonl.gz": _polarity(249, 527),
    },
)

FIXTURE = Corpus(
    "the project's sentences about weather, food and travel",
    "a clone of the repository",
    "Apache-2.0",
    count_labels,
    {"classification/train.jsonl": _topics(16), "classification/dev.jsonl": _topics(6)},
)

CARD = Card(
    name="classification",
    title="Text classification",
    experiments={
        "paper": [_experiment("sst2", "SST-2 (GLUE)", "SST-2", "sst2")],
        "open": [
            _experiment("trec6", "TREC, 6 classes", "TREC-6", "trec6"),
            _experiment("trec6-glove", "TREC, 6 classes, with GloVe", "TREC-6", "trec6_glove"),
            _experiment("trec50", "TREC, 50 classes", "TREC-50", "trec50"),
            _experiment("trec50-glove", "TREC, 50 classes, with GloVe", "TREC-50", "trec50_glove"),
            _experiment("polarity", "Polarity of film reviews", "Polarity", "polarity"),
            _experiment("polarity-glove", "Polarity of film reviews, with GloVe", "Polarity", "polarity_glove"),
            _experiment("hotel-zh", "Chinese hotel reviews", "Hotel reviews (zh)", "hotel_zh", bilm="mini-zh"),
        ],
        "smoke": [_experiment("classification", "Topics, fixture", "Topics", "fixture")],
    },
    corpora={"paper": [SST_2, GLOVE_840B], "open": [TREC, POLARITY, HOTEL_ZH, GLOVE_6B_SUBSET], "smoke": [FIXTURE]},
    tables=("table1",),
)

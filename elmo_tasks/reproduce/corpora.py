"""
The corpora that the experiments read: where they are to be had, under what licence, and what their standard splits
hold.

Those of CoNLL-2003, SNLI and SQuAD are the counts that were published with them. Those of the open profile's files
are of the files as this project has them, most of which are parts of larger corpora; those of the fixtures are in
their READMEs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Counts = Mapping[str, int]


@dataclass(frozen=True)
class Corpus:
    """
    # Parameters

    name : `str`
    source : `str`
        Where it is to be had.
    licence : `str`
    form : `str`
        Which of `data_checks.COUNTERS` reads it.
    files : `Mapping[str, Counts]`
        Paths below a profile's folder of data, and what each must hold. Without counts only the form is checked.
    """

    name: str
    source: str
    licence: str
    form: str
    files: Mapping[str, Counts]


def _entities(sentences: int, tokens: int, **entities: int) -> dict[str, int]:
    return {"sentences": sentences, "tokens": tokens, **entities}


def _pairs(entailment: int, neutral: int, contradiction: int, without: int) -> Counts:
    return {"entailment": entailment, "neutral": neutral, "contradiction": contradiction, "-": without}


def _questions(articles: int, paragraphs: int, questions: int) -> Counts:
    return {"articles": articles, "paragraphs": paragraphs, "questions": questions}


_GLOVE = "https://nlp.stanford.edu/projects/glove"

CORPORA: dict[str, tuple[Corpus, ...]] = {
    "paper": (
        Corpus(
            "CoNLL-2003, English",
            "https://www.clips.uantwerpen.be/conll2003/ner (annotations) and NIST's Reuters Corpus RCV1 (text)",
            "an agreement with NIST, for research",
            "conll",
            {
                "conll2003/eng.train": _entities(14041, 203621, LOC=7140, MISC=3438, ORG=6321, PER=6600),
                "conll2003/eng.testa": _entities(3250, 51362, LOC=1837, MISC=922, ORG=1341, PER=1842),
                "conll2003/eng.testb": _entities(3453, 46435, LOC=1668, MISC=702, ORG=1661, PER=1617),
            },
        ),
        Corpus(
            "SNLI 1.0",
            "https://nlp.stanford.edu/projects/snli/snli_1.0.zip",
            "CC BY-SA 4.0",
            "snli",
            {
                "snli_1.0/snli_1.0_train.jsonl": _pairs(183416, 182764, 183187, 785),
                "snli_1.0/snli_1.0_dev.jsonl": _pairs(3329, 3235, 3278, 158),
                "snli_1.0/snli_1.0_test.jsonl": _pairs(3368, 3219, 3237, 176),
            },
        ),
        Corpus(
            "SQuAD 1.1",
            "https://rajpurkar.github.io/SQuAD-explorer",
            "CC BY-SA 4.0",
            "squad",
            {
                "squad/train-v1.1.json": _questions(442, 18896, 87599),
                "squad/dev-v1.1.json": _questions(48, 2067, 10570),
            },
        ),
        Corpus("GloVe 6B", _GLOVE, "PDDL 1.0", "vectors", {"glove.6B.50d.txt": {"dimensions": 50}}),
        Corpus("GloVe 840B", _GLOVE, "PDDL 1.0", "vectors", {"glove.840B.300d.txt": {"dimensions": 300}}),
    ),
    "open": (
        Corpus(
            "WNUT-17",
            "https://noisy-text.github.io/2017/emerging-rare-entities.html (here in CoNLL-2003's columns)",
            "CC BY 4.0",
            "conll",
            {
                "ner/wnut17.train.txt": _entities(3394, 62730)
                | {
                    "corporation": 221,
                    "creative-work": 140,
                    "group": 264,
                    "location": 548,
                    "person": 660,
                    "product": 142,
                },
                "ner/wnut17.dev.txt": _entities(1009, 15733)
                | {"corporation": 34, "creative-work": 105, "group": 39, "location": 74, "person": 470, "product": 114},
            },
        ),
        Corpus(
            "WikiGold",
            "Balasuriya et al. 2009 (here cut into parts)",
            "CC BY 4.0",
            "conll",
            {
                "ner/wikigold.train.txt": _entities(1187, 27900, LOC=734, MISC=427, ORG=673, PER=604),
                "ner/wikigold.dev.txt": _entities(254, 5948, LOC=173, MISC=129, ORG=138, PER=131),
            },
        ),
        Corpus(
            "CrossNER",
            "https://github.com/zliucr/CrossNER",
            "MIT",
            "conll",
            {
                "ner/crossner_literature.train.txt": _entities(
                    100,
                    3782,
                    award=34,
                    book=91,
                    country=25,
                    event=10,
                    literarygenre=36,
                    location=25,
                    magazine=16,
                    misc=58,
                    organisation=18,
                    person=48,
                    poem=47,
                    writer=133,
                ),
                "ner/crossner_literature.dev.txt": _entities(
                    400,
                    14503,
                    award=124,
                    book=336,
                    country=127,
                    event=65,
                    literarygenre=152,
                    location=111,
                    magazine=71,
                    misc=212,
                    organisation=115,
                    person=194,
                    poem=79,
                    writer=544,
                ),
                "ner/crossner_politics.train.txt": _entities(
                    200,
                    8384,
                    country=62,
                    election=123,
                    event=22,
                    location=297,
                    misc=80,
                    organisation=152,
                    person=14,
                    politicalparty=195,
                    politician=359,
                ),
                "ner/crossner_politics.dev.txt": _entities(
                    541,
                    24624,
                    country=183,
                    election=528,
                    event=186,
                    location=211,
                    misc=193,
                    organisation=431,
                    person=286,
                    politicalparty=1053,
                    politician=411,
                ),
            },
        ),
        Corpus(
            "SNLI 1.0, its development set in two parts",
            "https://nlp.stanford.edu/projects/snli/snli_1.0.zip (here cut in two)",
            "CC BY-SA 4.0",
            "snli",
            {
                "snli/snli_part_train.jsonl": _pairs(2997, 2888, 2957, 0),
                "snli/snli_part_dev.jsonl": _pairs(332, 347, 321, 0),
            },
        ),
        Corpus(
            "SQuAD 1.1, and the first 24 articles of its development set",
            "https://rajpurkar.github.io/SQuAD-explorer",
            "CC BY-SA 4.0",
            "squad",
            {
                "squad/train-v1.1.json.gz": _questions(442, 18896, 87599),
                "squad/dev-v1.1.first24.json": _questions(24, 984, 4807),
            },
        ),
        Corpus(
            "GloVe 6B, a subset",
            _GLOVE,
            "PDDL 1.0",
            "vectors",
            {"glove/glove.6B.50d.subset.txt.gz": {"dimensions": 50}},
        ),
    ),
    "smoke": (
        Corpus(
            "the project's sentences",
            "a clone of the repository",
            "Apache-2.0",
            "conll",
            {
                "ner/train.txt": _entities(429, 7507, PER=255, LOC=212, ORG=177, MISC=125),
                "ner/dev.txt": _entities(105, 1801, PER=55, LOC=56, ORG=35, MISC=31),
                "ner/test.txt": _entities(111, 1986, PER=74, LOC=57, ORG=43, MISC=38),
            },
        ),
        Corpus(
            "the project's pairs",
            "a clone of the repository",
            "Apache-2.0",
            "snli",
            {"snli/train.jsonl": _pairs(16, 16, 16, 2), "snli/dev.jsonl": _pairs(6, 6, 6, 0)},
        ),
        Corpus(
            "the project's questions",
            "a clone of the repository",
            "Apache-2.0",
            "squad",
            {"squad/train.json": _questions(4, 8, 35), "squad/dev.json": _questions(2, 3, 12)},
        ),
    ),
}
"""Of each profile."""

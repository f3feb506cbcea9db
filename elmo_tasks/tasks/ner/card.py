"""
What is known about named entity recognition.

The counts of CoNLL-2003 are those published with it; the others are of the files as they lie in the profiles' folders.
"""

from collections import Counter
from pathlib import Path

from elmo_tasks.tasks.base.card import Card, Corpus, Counts, Experiment
from elmo_tasks.tasks.base.schemes import tags_to_spans
from elmo_tasks.tasks.base.word_vectors import GLOVE_6B, GLOVE_6B_SUBSET
from elmo_tasks.tasks.ner.corpus import read_sentences, read_tags


def count_entities(path: Path) -> Counts:
    """The sentences and tokens of a file in CoNLL-2003's columns, and its entities by type."""
    counts: Counter[str] = Counter()
    for lines in read_sentences(path):
        tags = read_tags(lines, -1, True, path)
        counts.update({"sentences": 1, "tokens": len(tags)})
        counts.update(span.type for span in tags_to_spans(tags))
    return counts


def _experiment(name: str, corpus: str, config: str) -> Experiment:
    baseline, elmo = f"ner/{config}_baseline", f"ner/{config}_elmo"
    return Experiment(name, f"NER, {corpus}", "NER", "f1-measure-overall", baseline, elmo)


def _entities(sentences: int, tokens: int, **entities: int) -> Counts:
    return {"sentences": sentences, "tokens": tokens, **entities}


CONLL_2003 = Corpus(
    "CoNLL-2003, English",
    "https://www.clips.uantwerpen.be/conll2003/ner (annotations) and NIST's Reuters Corpus RCV1 (text)",
    "an agreement with NIST, for research",
    count_entities,
    {
        "conll2003/eng.train": _entities(14041, 203621, LOC=7140, MISC=3438, ORG=6321, PER=6600),
        "conll2003/eng.testa": _entities(3250, 51362, LOC=1837, MISC=922, ORG=1341, PER=1842),
        "conll2003/eng.testb": _entities(3453, 46435, LOC=1668, MISC=702, ORG=1661, PER=1617),
    },
)

WNUT_17 = Corpus(
    "WNUT-17",
    "https://noisy-text.github.io/2017/emerging-rare-entities.html (here in CoNLL-2003's columns)",
    "CC BY 4.0",
    count_entities,
    {
        "ner/wnut17.train.txt": _entities(
            3394,
            62730,
            corporation=221,
            group=264,
            location=548,
            person=660,
            product=142,
            **{"creative-work": 140},
        ),
        "ner/wnut17.dev.txt": _entities(
            1009,
            15733,
            corporation=34,
            group=39,
            location=74,
            person=470,
            product=114,
            **{"creative-work": 105},
        ),
    },
)

WIKIGOLD = Corpus(
    "WikiGold",
    "Balasuriya et al. 2009 (here cut into parts)",
    "CC BY 4.0",
    count_entities,
    {
        "ner/wikigold.train.txt": _entities(1187, 27900, LOC=734, MISC=427, ORG=673, PER=604),
        "ner/wikigold.dev.txt": _entities(254, 5948, LOC=173, MISC=129, ORG=138, PER=131),
    },
)

CROSSNER = Corpus(
    "CrossNER",
    "https://github.com/zliucr/CrossNER",
    "MIT",
    count_entities,
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
)

FIXTURE = Corpus(
    "the project's sentences",
    "a clone of the repository",
    "Apache-2.0",
    count_entities,
    {
        "ner/train.txt": _entities(429, 7507, PER=255, LOC=212, ORG=177, MISC=125),
        "ner/dev.txt": _entities(105, 1801, PER=55, LOC=56, ORG=35, MISC=31),
        "ner/test.txt": _entities(111, 1986, PER=74, LOC=57, ORG=43, MISC=38),
    },
)

CARD = Card(
    name="ner",
    title="Named entity recognition",
    experiments={
        "paper": [_experiment("ner", "CoNLL-2003", "conll2003")],
        "open": [
            _experiment("ner-wnut17", "WNUT-17", "wnut17"),
            _experiment("ner-wnut17-glove", "WNUT-17, with GloVe", "wnut17_glove"),
            _experiment("ner-wikigold", "WikiGold", "wikigold"),
            _experiment("ner-wikigold-glove", "WikiGold, with GloVe", "wikigold_glove"),
            _experiment("ner-literature-glove", "CrossNER literature, with GloVe", "crossner_literature_glove"),
            _experiment("ner-politics-glove", "CrossNER politics, with GloVe", "crossner_politics_glove"),
        ],
        "smoke": [_experiment("ner", "fixture", "fixture")],
    },
    corpora={
        "paper": [CONLL_2003, GLOVE_6B],
        "open": [WNUT_17, WIKIGOLD, CROSSNER, GLOVE_6B_SUBSET],
        "smoke": [FIXTURE],
    },
)

"""What is known about the data of tables 5 and 6."""

from pathlib import Path

from elmo_tasks.probing.sense_corpus import read_keys, read_sentences
from elmo_tasks.probing.tagged import read_tagged
from elmo_tasks.probing.wordnet import first_senses
from elmo_tasks.tasks.base.card import Card, Corpus, Counts, Experiment

TAGS_ROW, SENSES_ROW = "POS probe", "Word senses"


def count_words(path: Path) -> Counts:
    """The sentences and words of a file of tags."""
    lengths = [len(sentence.tokens) for sentence in read_tagged(path)]
    return {"sentences": len(lengths), "words": sum(lengths)}


def count_senses(path: Path) -> Counts:
    """The sentences and instances of a NAME.data.xml; the instances of its keys; the entries of an index of senses."""
    if ".data.xml" in path.name:
        instances = [len(sentence.instances) for sentence in read_sentences(path)]
        return {"sentences": len(instances), "instances": sum(instances)}
    if ".gold.key.txt" in path.name:
        return {"instances": len(read_keys(path))}
    return {"entries": len(first_senses(path))}


def _tags(name: str, title: str, config: str) -> Experiment:
    return _experiment(name, title, TAGS_ROW, "accuracy", f"tags_{config}", "elmo_tasks.reproduce.probes.tags")


def _senses(name: str, title: str, config: str) -> Experiment:
    return _experiment(name, title, SENSES_ROW, "f1", f"senses_{config}", "elmo_tasks.reproduce.probes.senses")


def _experiment(name: str, title: str, row: str, metric: str, config: str, module: str) -> Experiment:
    baseline, elmo = f"probes/{config}_baseline", f"probes/{config}_elmo"
    return Experiment(name, title, row, metric, baseline, elmo, elmo_field="elmo", module=module, is_seeded=False)


def _text(name: str, sentences: int, instances: int, end: str = "") -> dict[str, Counts]:
    return {
        f"wsd/{name}.data.xml{end}": {"sentences": sentences, "instances": instances},
        f"wsd/{name}.gold.key.txt{end}": {"instances": instances},
    }


_FRAMEWORK = "http://lcl.uniroma1.it/wsdeval, WSD_Evaluation_Framework.zip"

WSJ = Corpus(
    "Penn Treebank, Wall Street Journal, sections 0-18 and 22-24, a word and its tag a line",
    "https://catalog.ldc.upenn.edu/LDC99T42",
    "LDC",
    count_words,
    {
        "pos/wsj.train.txt": {"sentences": 38219, "words": 912344},
        "pos/wsj.test.txt": {"sentences": 5462, "words": 129654},
    },
)

FRAMEWORK = Corpus(
    "the unified evaluation framework for word sense disambiguation",
    _FRAMEWORK,
    "none stated",
    count_senses,
    {
        **_text("semcor", 37176, 226036),
        **_text("senseval2", 242, 2282),
        **_text("senseval3", 352, 1850),
        **_text("semeval2013", 306, 1644),
        **_text("semeval2015", 138, 1022),
    },
)

SEMCOR = Corpus(
    "SemCor 3.0 in the framework's form",
    "rebuilt from SemCor 3.0, with some other instances than the framework's own file",
    "Princeton licence",
    count_senses,
    _text("semcor", 37176, 226005, ".gz"),
)

SEMEVAL_2007 = Corpus(
    "SemEval-2007, all words, in the unified evaluation framework",
    _FRAMEWORK,
    "none stated",
    count_senses,
    _text("semeval2007", 135, 455),
)

WORDNET = Corpus(
    "WordNet 3.0, the index of senses",
    "https://wordnet.princeton.edu, WordNet-3.0.tar.gz",
    "WordNet licence",
    count_senses,
    {"wsd/index.sense.gz": {"entries": 155287}},
)

FIXTURE = Corpus(
    "the project's sentences with senses",
    "a clone of the repository",
    "Apache-2.0",
    count_senses,
    {
        "senses/train.data.xml": {"sentences": 22, "instances": 27},
        "senses/train.gold.key.txt": {"instances": 27},
        "senses/dev.data.xml": {"sentences": 9, "instances": 12},
        "senses/dev.gold.key.txt": {"instances": 12},
        "senses/index.sense": {"entries": 16},
    },
)

CARD = Card(
    name="probes",
    title="What the layers know",
    experiments={
        "paper": [
            _tags("pos-probe", "Penn Treebank", "wsj"),
            _senses("senses", "Senseval-2 and 3, SemEval-2013 and 2015", "framework"),
        ],
        "open": [
            _tags("pos-probe", "EWT, the treebank's own tags", "ewt"),
            _senses("senses", "SemEval-2007", "semeval2007"),
        ],
        "smoke": [
            _tags("pos-probe", "Tags, fixture", "fixture"),
            _senses("senses", "Senses, fixture", "fixture"),
        ],
    },
    # EWT and fixtures/pos are on the card of parts of speech.
    corpora={
        "paper": [WSJ, FRAMEWORK, WORDNET],
        "open": [SEMCOR, SEMEVAL_2007, WORDNET],
        "smoke": [FIXTURE],
    },
)

"""Training a biLM on raw text."""

from elmo_tasks.pretraining.corpus import CorpusReader
from elmo_tasks.pretraining.language_model import LanguageModel
from elmo_tasks.pretraining.optimizer import LanguageModelAdam
from elmo_tasks.pretraining.softmax import Softmax
from elmo_tasks.pretraining.unfreeze import Unfreeze
from elmo_tasks.pretraining.vocabulary import CorpusVocabulary
from elmo_tasks.pretraining.windows import WindowDataLoader

__all__ = [
    "CorpusReader",
    "CorpusVocabulary",
    "LanguageModel",
    "LanguageModelAdam",
    "Softmax",
    "Unfreeze",
    "WindowDataLoader",
]

"""Coreference: CoNLL-2012's columns, the end-to-end model of Lee et al. 2017 with ELMo, the official scores."""

from elmo_tasks.tasks.coreference.corpus import Document, read_coreference
from elmo_tasks.tasks.coreference.metric import CorefScores
from elmo_tasks.tasks.coreference.model import ElmoCoref
from elmo_tasks.tasks.coreference.predictor import ElmoCorefPredictor
from elmo_tasks.tasks.coreference.reader import CorefReader
from elmo_tasks.tasks.coreference.resolving import resolve

__all__ = [
    "CorefReader",
    "CorefScores",
    "Document",
    "ElmoCoref",
    "ElmoCorefPredictor",
    "read_coreference",
    "resolve",
]

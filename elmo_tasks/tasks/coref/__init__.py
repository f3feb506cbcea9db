"""Coreference: CoNLL-2012's columns, the end-to-end model of Lee et al. 2017 with ELMo, the official scores."""

from elmo_tasks.tasks.coref.corpus import Document, read_coreference
from elmo_tasks.tasks.coref.metric import CorefScores
from elmo_tasks.tasks.coref.model import ElmoCoref
from elmo_tasks.tasks.coref.predictor import ElmoCorefPredictor
from elmo_tasks.tasks.coref.reader import CorefReader
from elmo_tasks.tasks.coref.resolving import resolve

__all__ = [
    "CorefReader",
    "CorefScores",
    "Document",
    "ElmoCoref",
    "ElmoCorefPredictor",
    "read_coreference",
    "resolve",
]

"""Semantic roles: CoNLL-2012's columns, He et al.'s deep LSTM with ELMo, who did what to whom."""

from elmo_tasks.tasks.srl.metric import SrlEval
from elmo_tasks.tasks.srl.model import ElmoSrl
from elmo_tasks.tasks.srl.predictor import ElmoSrlPredictor
from elmo_tasks.tasks.srl.reader import SrlReader

__all__ = ["ElmoSrl", "ElmoSrlPredictor", "SrlEval", "SrlReader"]

"""Textual entailment: SNLI's files, ESIM with ELMo, one pair's label and probabilities."""

from elmo_tasks.tasks.snli.metric import MergedLabelScores
from elmo_tasks.tasks.snli.model import ElmoEsim
from elmo_tasks.tasks.snli.pairs import LABELS, Pair, PairError, parse_line
from elmo_tasks.tasks.snli.predictor import ElmoEntailmentPredictor
from elmo_tasks.tasks.snli.reader import SnliReader

__all__ = [
    "LABELS",
    "ElmoEntailmentPredictor",
    "ElmoEsim",
    "MergedLabelScores",
    "Pair",
    "PairError",
    "SnliReader",
    "parse_line",
]

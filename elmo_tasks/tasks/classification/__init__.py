"""Text classification: texts in several forms, a pooled biLSTM with ELMo, a text's label and probabilities."""

from elmo_tasks.tasks.base.label_scores import LabelScores
from elmo_tasks.tasks.classification.corpus import FORMATS, Document, DocumentError, Form
from elmo_tasks.tasks.classification.model import ElmoClassifier
from elmo_tasks.tasks.classification.predictor import ElmoClassifierPredictor
from elmo_tasks.tasks.classification.reader import ClassificationReader

__all__ = [
    "FORMATS",
    "ClassificationReader",
    "Document",
    "DocumentError",
    "ElmoClassifier",
    "ElmoClassifierPredictor",
    "Form",
    "LabelScores",
]

"""Relations between two entities: marked sentences, a biLSTM with ELMo, the official score of SemEval-2010 task 8."""

from elmo_tasks.tasks.relations.corpus import Example, ExampleError
from elmo_tasks.tasks.relations.metric import RelationScores
from elmo_tasks.tasks.relations.model import ElmoRelationClassifier
from elmo_tasks.tasks.relations.predictor import ElmoRelationPredictor
from elmo_tasks.tasks.relations.reader import RelationReader

__all__ = [
    "ElmoRelationClassifier",
    "ElmoRelationPredictor",
    "Example",
    "ExampleError",
    "RelationReader",
    "RelationScores",
]

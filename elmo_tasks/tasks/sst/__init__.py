"""Sentiment: the Stanford Sentiment Treebank's trees, the biattentive classification network with ELMo."""

from elmo_tasks.tasks.sst.model import ElmoBiattentiveClassifier
from elmo_tasks.tasks.sst.predictor import ElmoSstPredictor
from elmo_tasks.tasks.sst.reader import SstReader
from elmo_tasks.tasks.sst.trees import Node, Tree, TreeError

__all__ = ["ElmoBiattentiveClassifier", "ElmoSstPredictor", "Node", "SstReader", "Tree", "TreeError"]

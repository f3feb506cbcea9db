"""The tasks, a folder each: reader, model, predictor, metric. Importing this registers them with AllenNLP."""

from elmo_tasks.tasks import ner, snli, squad

__all__ = ["ner", "snli", "squad"]

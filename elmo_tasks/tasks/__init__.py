"""The tasks, a folder each: reader, model, predictor, metric. Importing this registers them with AllenNLP."""

from elmo_tasks.tasks import ner, tokenizer

__all__ = ["ner", "tokenizer"]

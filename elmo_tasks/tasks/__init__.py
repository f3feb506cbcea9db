"""The tasks, a folder each: reader, model, predictor, metric. Importing this registers them with AllenNLP."""

from elmo_tasks.tasks import ner, padded_rnn, snli, squad, tokenizer

__all__ = ["ner", "padded_rnn", "snli", "squad", "tokenizer"]

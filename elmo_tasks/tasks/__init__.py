"""The tasks, a folder each: reader, model, predictor, metric. Importing this registers them with AllenNLP."""

from elmo_tasks.tasks import distinct_characters, ner, padded_rnn, snli, squad, tokenizer

__all__ = ["distinct_characters", "ner", "padded_rnn", "snli", "squad", "tokenizer"]

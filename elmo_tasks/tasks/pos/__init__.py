"""Parts of speech, and other tags of words in Universal Dependencies' CoNLL-U; the tagger is that of named entities."""

from elmo_tasks.tasks.pos.reader import ConlluReader

__all__ = ["ConlluReader"]

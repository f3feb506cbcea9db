"""An instance's label, which may be one that training never saw, and a reader's list of those that there may be."""

import logging
from typing import Any, ClassVar

from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary
from allennlp.data.fields import LabelField
from overrides import overrides

from elmo_tasks.tasks.base.text import check_unicode, short

logger = logging.getLogger(__name__)

UNSEEN = -100
"""The index of a label that the vocabulary lacks."""


class OpenLabel(LabelField):
    """
    A label. One that the vocabulary lacks, because training never saw it, gets the index `UNSEEN` and a warning; the
    stock field raises a `KeyError`. Scores are computed from the labels' names, so it still counts as an error.
    """

    _warned: ClassVar[set[str]] = set()

    @overrides
    def index(self, vocab: Vocabulary) -> None:
        # A label that is a number already is none to look up.
        if isinstance(self.label, int) or self.label in vocab.get_token_to_index_vocabulary(self._label_namespace):
            super().index(vocab)
            return
        if self.label not in self._warned:
            self._warned.add(str(self.label))
            logger.warning('The label "%s" does not occur in training: the model can never predict it.', self.label)
        self._label_id = UNSEEN


def check_labels(labels: Any) -> None:
    """Raises `ConfigurationError` unless a reader's `labels` are a list of strings, or None."""
    if labels is not None and not (isinstance(labels, list) and all(isinstance(label, str) for label in labels)):
        raise ConfigurationError(f"labels is {labels!r:.100}; it must be a list of strings, or null.")


def check_label(label: Any, name: str, error: type[Exception], none: str = "") -> None:
    """
    Raises `error` unless a label is a string that says something, and that stands in a vocabulary's file as it is:
    AllenNLP has a word for a line feed there, and loses a carriage return.

    # Parameters

    label : `Any`
    name : `str`
        What it is called where it stands.
    error : `type[Exception]`
    none : `str`
        What to write where there is no label.
    """
    if not isinstance(label, str) or not label.strip() or "\r" in label:
        what = f"{name} is {short(label)}; it must be a string that is not empty, without carriage returns"
        raise error(f"{what}, {none}" if none else what)
    check_unicode(label, name, error)

"""What the tasks' readers have in common: token indexers, processes that share a file, and bad input that is named."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Optional, TypeVar

from allennlp.common.checks import ConfigurationError
from allennlp.common.file_utils import cached_path
from allennlp.data import Instance
from allennlp.data.dataset_readers import DatasetReader
from allennlp.data.dataset_readers.dataset_reader import PathOrStr
from allennlp.data.fields import Field, ListField, TextField
from allennlp.data.token_indexers import SingleIdTokenIndexer, TokenIndexer
from overrides import overrides

from elmo_tasks.checks import check_count
from elmo_tasks.files import byte_lines, open_bytes

logger = logging.getLogger(__name__)

Example = TypeVar("Example")

_NAMED = 10
"""So many are named in a warning; all are named at the level INFO, which AllenNLP writes into out.log."""


class TextReader(DatasetReader):
    """
    A reader all of whose text fields have the same token indexers. Its `_read` shares out with `shard_iterable` what a
    file holds, so that several processes read each instance once.

    # Parameters

    token_indexers : `dict[str, TokenIndexer]`, optional (default = `{"tokens": SingleIdTokenIndexer()}`)
    max_instances : `int`, optional
        So many instances, the first, are read. What a reader leaves out does not count.

    # Raises

    `ConfigurationError`
        If `max_instances` is no number of instances.
    """

    # AllenNLP builds an Optional[X] from a config, but passes an X | None on unbuilt.
    def __init__(
        self,
        token_indexers: Optional[dict[str, TokenIndexer]] = None,
        max_instances: int | None = None,
        serialization_dir: str | None = None,
    ) -> None:
        check_count(ConfigurationError, optional=True, max_instances=max_instances)
        super().__init__(
            max_instances=max_instances,
            manual_distributed_sharding=True,
            manual_multiprocess_sharding=True,
            serialization_dir=serialization_dir,
        )
        self._token_indexers = token_indexers or {"tokens": SingleIdTokenIndexer()}

    @overrides
    def shard_iterable(self, iterable: Iterable[Example]) -> Iterator[Example]:
        """As AllenNLP's, without `max_instances`: `read` counts the instances, of which an example may give none."""
        most, self.max_instances = self.max_instances, None
        try:
            return super().shard_iterable(iterable)
        finally:
            self.max_instances = most

    @overrides
    def apply_token_indexers(self, instance: Instance) -> None:
        for text in _text_fields(instance.fields.values()):
            text.token_indexers = self._token_indexers


def _text_fields(fields: Iterable[Field]) -> Iterator[TextField]:
    """Those that stand in lists among them, such as a document's sentences."""
    for field in fields:
        if isinstance(field, TextField):
            yield field
        elif isinstance(field, ListField):
            yield from _text_fields(field.field_list)


def numbered_lines(file_path: PathOrStr, cr_ends: bool = True) -> Iterator[tuple[int, bytes]]:
    """
    The lines of a file, plain or compressed, numbered from 1, without their ends and without a byte order mark before
    the first; `byte_lines` says what `cr_ends` is.

    # Raises

    `ConfigurationError`
        If the file is damaged.
    """
    with open_bytes(cached_path(file_path), file_path) as file:
        yield from byte_lines(file, file_path, ConfigurationError, cr_ends)


def escaped_lines(file_path: PathOrStr, cr_ends: bool = True) -> Iterator[tuple[int, str]]:
    """
    As `numbered_lines`, as text. Bytes that are not UTF-8 are escaped (`"surrogateescape"`), so that a line with some
    stays where it is; `check_utf8` finds it.
    """
    for number, line in numbered_lines(file_path, cr_ends):
        yield number, line.decode("utf-8", "surrogateescape")


def check_utf8(text: str, error: type[Exception], name: str = "this") -> None:
    """Raises `error` where a text, called `name`, was not UTF-8 and is as `escaped_lines` gives it."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise error(f"{name} is not UTF-8; convert the file") from None


def bad_line(file_path: PathOrStr, line: int, message: str) -> ConfigurationError:
    """The error that says what is wrong with a line."""
    return ConfigurationError(f"{file_path}, line {line}: {message}.")


def good_ones(
    examples: Iterable[Example | ValueError], file_path: PathOrStr, kind: str, skip_bad_lines: bool
) -> Iterator[Example]:
    """
    A file's examples without the bad ones, which are skipped, counted and named, or else raised.

    # Parameters

    examples : `Iterable[Example | ValueError]`
        An exception, which says where it is, stands where a bad example would.
    file_path : `PathOrStr`
    kind : `str`
        What an example is called, such as `"text"`.
    skip_bad_lines : `bool`

    # Raises

    `ConfigurationError`
        At a bad example, unless those are skipped; and if there is no good one.
    """
    read = 0
    bad: list[str] = []
    try:
        for example in examples:
            if not isinstance(example, ValueError):
                read += 1
                yield example
            elif skip_bad_lines:
                bad.append(str(example))
            else:
                advice = f"(skip_bad_lines: true leaves such {kind}s out)"
                raise ConfigurationError(f"{file_path}, {example} {advice}.")
    finally:
        # Also where `max_instances` ends the reading.
        warn_of(f"{file_path}: skipped {len(bad)} bad {kind}s", bad)
    if not read:
        raise ConfigurationError(f"{file_path}: there is no {kind} here.")


def all_good(examples: Iterable[Example | ValueError], file_path: PathOrStr) -> Iterator[Example]:
    """As `good_ones` where a bad example is no matter of a reader's parameters: then its error names the file."""
    for example in examples:
        if isinstance(example, ValueError):
            raise type(example)(f"{file_path}, {example}.")
        yield example


def warn_of(summary: str, named: Sequence[str]) -> None:
    """Logs what was wrong, if anything was: in a warning the first of what is named, and less loudly all others."""
    if not named:
        return
    more = f"; and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    logger.warning("%s: %s%s", summary, "; ".join(named[:_NAMED]), more)
    for one in named[_NAMED:]:
        logger.info("%s, also: %s", summary, one)

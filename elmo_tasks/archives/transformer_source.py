"""Where a transformer is: beside the model that was trained with it, or where a config says."""

import hashlib
import logging
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from allennlp.common.checks import ConfigurationError

from elmo_tasks.archives.source import KEPT
from elmo_tasks.checks import check_flag
from elmo_tasks.files import full_disk_told
from elmo_tasks.transformer import Transformer, TransformerError, WordPieces, read_transformer
from elmo_tasks.transformer.pretrained import word_pieces

logger = logging.getLogger(__name__)

_OF_TRANSFORMER = ("pooling", "hidden_states", "max_pieces")


class TransformerSource:
    """
    What a config says about a transformer, and the copy that a run keeps of it where it is asked to.

    The copy, in transformers' own format, lies in `vocabulary/.elmo/` of the run's folder, as a biLM's does, and gets
    with it into the archive, from where the token indexer has its tokenizer too. Without `"keep"` an archive needs the
    transformer's folder, or the hub or what was downloaded from it, wherever it is loaded.

    # Parameters

    transformer : `str` or `Mapping[str, Any]`
        A folder or a name on the hub; or `{"name": that, "pooling": ..., "hidden_states": ..., "max_pieces": ...,
        "keep": ...}`, of which only `name` must be there. `keep` is whether the run keeps a copy, for an archive that
        is complete: 440 MB for BERT's base size. For the others see `Transformer`.
    serialization_dir : `str`, optional
        The run's folder, or the unpacked archive's.

    # Raises

    `ConfigurationError`
        Names the key and what it must be.
    """

    def __init__(self, transformer: str | Mapping[str, Any], serialization_dir: str | None = None) -> None:
        said: dict[str, Any] = {"name": transformer} if isinstance(transformer, str) else dict(transformer)
        if unknown := sorted(set(said) - {"name", "keep", *_OF_TRANSFORMER}):
            raise ConfigurationError(
                f'"transformer" has the key "{unknown[0]}"; it has "name", {", ".join(_OF_TRANSFORMER)} and keep.'
            )
        if not isinstance(said.get("name"), str) or not said["name"]:
            raise ConfigurationError(f'"name" of "transformer" is {said.get("name")!r}; it must be a folder or a name.')
        self.name: str = said.pop("name")
        self._keeps: bool = said.pop("keep", False)
        check_flag(ConfigurationError, keep=self._keeps)
        self._parameters = said
        self._vocabulary = None if serialization_dir is None else Path(serialization_dir) / "vocabulary"
        self._told = False

    def read(self) -> Transformer:
        """The transformer. Raises `ConfigurationError` if it cannot be had."""
        try:
            return read_transformer(self._place(), **self._parameters)
        except TransformerError as error:
            raise ConfigurationError(f"{error}{self._hint()}") from error

    def read_pieces(self) -> WordPieces:
        """What the transformer's tokenizer makes of words. Raises `ConfigurationError` if it cannot be had."""
        try:
            return word_pieces(self._place())
        except TransformerError as error:
            raise ConfigurationError(f"{error}{self._hint()}") from error

    def keep(self, transformer: Transformer) -> None:
        """
        Copies what `read` gave beside the model, if that was asked for, unless it is there already or the model has no
        folder (any more). If it was not asked for, the log tells once what the archive will need.
        """
        kept = self._kept()
        if kept is None or self._vocabulary is None or not self._vocabulary.is_dir() or kept.is_dir():
            return
        if not self._keeps:
            if not self._told:
                self._told = True
                size = sum(weight.nbytes for weight in transformer.parameters()) / 1e6
                logger.info(
                    f'The model needs the transformer "{self.name}" wherever it is loaded; with "keep": true its '
                    f"archive has it inside ({size:.0f} MB)."
                )
            return
        kept.parent.mkdir(exist_ok=True)
        # Renamed once it is whole.
        with full_disk_told(kept), tempfile.TemporaryDirectory(dir=kept.parent, prefix=".") as folder:
            transformer.save(Path(folder) / "whole")
            os.rename(Path(folder) / "whole", kept)

    def _place(self) -> str:
        kept = self._kept()
        return str(kept) if kept is not None and kept.is_dir() else self.name

    def _kept(self) -> Path | None:
        if self._vocabulary is None:
            return None
        name = hashlib.sha256(self.name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return self._vocabulary / KEPT / f"transformer-{name}"

    def _hint(self) -> str:
        """For models that are loaded from where their transformer is not."""
        if self._vocabulary is None or not self._vocabulary.is_dir():
            return ""
        return ' (A model\'s archive has its transformer inside only if it was trained with "keep": true.)'

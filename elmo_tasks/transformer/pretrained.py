"""Reading a pretrained transformer: a folder's, or the hub's."""

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from elmo_tasks.files import JSONError, parse_json
from elmo_tasks.transformer.model import Transformer
from elmo_tasks.transformer.pieces import TransformerError, WordPieces

_CONFIG = "config.json"


def read_transformer(
    name: str | Path,
    pooling: str = "mean",
    hidden_states: Sequence[int] | None = None,
    max_pieces: int | None = None,
) -> Transformer:
    """
    A pretrained transformer and its tokenizer, without dropout and not trained until that is changed.

    # Parameters

    name : `str` or `Path`
        A folder, or a name on Hugging Face's hub, from where it is downloaded on first use to where transformers keeps
        such; after that no network is needed. Code that comes with a model is not run.
    pooling, hidden_states, max_pieces
        See `Transformer`.

    # Raises

    `TransformerError`
        If it cannot be had, is damaged, lacks weights, or a value makes no sense.
    """
    from transformers import AutoModel

    pieces = word_pieces(str(name))
    with _told(name), _quiet(), torch.random.fork_rng(devices=()):
        model, loaded = _read(AutoModel, name, output_loading_info=True, torch_dtype=torch.float32)
    if missing := [weight for weight in loaded["missing_keys"] if not weight.startswith("pooler.")]:
        raise TransformerError(f'The transformer "{name}" lacks {len(missing)} weights, such as {missing[0]}.')
    transformer = Transformer(model, pieces.tokenizer, pooling, hidden_states, max_pieces)
    return transformer.eval().requires_grad_(False)


@lru_cache(maxsize=8)
def word_pieces(name: str) -> WordPieces:
    """The pieces of a transformer's tokenizer, which a process reads once; see `read_transformer`."""
    from transformers import AutoTokenizer

    with _told(name), _quiet():
        tokenizer = _read(AutoTokenizer, name)
    return WordPieces(tokenizer)


def hidden_size(name: str) -> int:
    """The length of a transformer's vectors, by its config alone. Raises `TransformerError` if that cannot be had."""
    from transformers import AutoConfig

    with _told(name), _quiet():
        return _read(AutoConfig, name).hidden_size


def is_transformer(name: str | Path) -> bool:
    """Whether this is the folder of a transformer. A run's has a config.json too, but one without a "model_type"."""
    if not _has_config(name):
        return False
    try:
        config = parse_json((Path(name).expanduser() / _CONFIG).read_bytes())
    except JSONError:
        return False
    return isinstance(config, dict) and "model_type" in config


def _has_config(name: str | Path) -> bool:
    """Whether it is a folder that may be one. transformers reads old ones, without a "model_type", by their names."""
    return (Path(name).expanduser() / _CONFIG).is_file()


def _read(kind: Any, name: str | Path, **options: Any) -> Any:
    """What is here already, or else the hub's."""
    place = _place(name)
    try:
        return kind.from_pretrained(place, local_files_only=True, trust_remote_code=False, **options)
    except OSError:
        if _has_config(place):
            raise
        return kind.from_pretrained(place, trust_remote_code=False, **options)


def _place(name: str | Path) -> str:
    """A folder's path, or the name on the hub."""
    path = Path(name).expanduser()
    if _has_config(path):
        return str(path)
    if path.is_dir() and name:
        raise TransformerError(f"The folder {name} has no config.json: it is no transformer's.")
    if isinstance(name, Path) or name.startswith((".", "~", "/")) or name.count("/") > 1 or not name:
        raise TransformerError(f'There is no folder "{name}".')
    return str(name)


@contextmanager
def _told(name: str | Path) -> Iterator[None]:
    """Turns whatever transformers and what it stands on raise into one line."""
    try:
        yield
    except TransformerError:
        raise
    # The tokenizers' library raises bare exceptions.
    except Exception as error:
        reason = textwrap.shorten(str(error), 300, placeholder=" …")
        where = "" if _has_config(name) else "; it is no folder here, so it was looked for on the hub"
        raise TransformerError(
            f'The transformer "{name}" cannot be had{where}: {type(error).__name__}: {reason}'
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Without transformers' remarks on weights that are not used, and the hub's on each try without a network."""
    from huggingface_hub.utils import logging as hub_logging
    from transformers.utils import logging as model_logging

    loggings: tuple[Any, ...] = (model_logging, hub_logging)
    before = [logging.get_verbosity() for logging in loggings]
    for logging in loggings:
        logging.set_verbosity_error()
    try:
        yield
    finally:
        for logging, verbosity in zip(loggings, before, strict=True):
            logging.set_verbosity(verbosity)

"""What a config says about keeping a frozen biLM's layers on disk."""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from allennlp.common.checks import ConfigurationError

from elmo_tasks.bilm.activations import DEFAULT_MAX_BYTES


class CacheSettings(NamedTuple):
    """See `CachedBiLM`."""

    folder: str
    max_bytes: int = DEFAULT_MAX_BYTES
    dtype: str = "float16"


def read_cache_settings(cache: str | Mapping[str, Any] | None) -> CacheSettings | None:
    """
    # Parameters

    cache : `str` or `Mapping[str, Any]`, optional
        A folder, or `{"path": folder, "max_bytes": ..., "dtype": ...}`, of which only `path` must be there.

    # Returns

    `CacheSettings`, optional
        `None` for `None`.

    # Raises

    `ConfigurationError`
        Names the key and what it must be.
    """
    if cache is None:
        return None
    if not isinstance(cache, str | Mapping):
        raise ConfigurationError(f'"cache" is {cache!r:.100}; it must be a folder, or an object that has "path".')
    given = {"path": cache} if isinstance(cache, str) else dict(cache)
    unknown = set(given) - {"path", "max_bytes", "dtype"}
    if unknown or "path" not in given:
        raise ConfigurationError(
            f'"cache" has the keys {sorted(given)}; it must be a folder, or have "path" and, if need be, "max_bytes" '
            'and "dtype".'
        )
    path, max_bytes = given["path"], given.get("max_bytes", DEFAULT_MAX_BYTES)
    dtype = given.get("dtype", "float16")
    if not isinstance(path, str) or not path:
        raise ConfigurationError(f'"path" of "cache" is {path!r}; it must be a folder.')
    if isinstance(max_bytes, bool) or not isinstance(max_bytes, int) or max_bytes <= 0:
        raise ConfigurationError(f'"max_bytes" of "cache" is {max_bytes!r}; it must be a positive whole number.')
    if dtype not in ("float16", "float32"):
        raise ConfigurationError(f'"dtype" of "cache" is {dtype!r}; it must be "float16" or "float32".')
    # One folder is one cache, however it is written.
    return CacheSettings(os.path.abspath(os.path.expanduser(path)), max_bytes, dtype)

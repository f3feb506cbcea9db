"""Trained biLMs by name: the one in this package, and those published with the paper."""

import hashlib
import http.client
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from elmo_tasks.files import writing

OPTIONS_NAME, WEIGHTS_NAME = "options.json", "weights.hdf5"
"""The files in a biLM's folder."""

BUNDLED = ("mini",)
"""In the package, in the folder `models`."""

PUBLISHED = {
    "small": "2x1024_128_2048cnn_1xhighway",
    "medium": "2x2048_256_2048cnn_1xhighway",
    "original": "2x4096_512_2048cnn_2xhighway",
    "5.5B": "2x4096_512_2048cnn_2xhighway_5.5B",
}
"""Downloaded on first use, and what they are called there."""

_MODELS = Path(__file__).with_name("models")
_SERVER = "https://s3-us-west-2.amazonaws.com/allennlp/models/elmo"
_TIMEOUT = 60  # seconds without a byte
_CHUNK = 1 << 20


class PretrainedError(ValueError):
    """There is no biLM of that name, or its files cannot be had."""


class BiLMFiles(NamedTuple):
    """The two files of a biLM."""

    options_file: Path
    weight_file: Path


def find_bilm(name: str | Path) -> BiLMFiles:
    """
    The files of a trained biLM.

    # Parameters

    name : `str` or `Path`
        `"mini"`, which is in this package; `"small"`, `"medium"`, `"original"` or `"5.5B"`, which are downloaded on
        first use into `$ELMO_TASKS_CACHE` (by default `~/.cache/elmo_tasks`); or else a folder with an options.json
        and a weights.hdf5.

    # Returns

    `BiLMFiles`

    # Raises

    `PretrainedError`
        Says what was looked for where, and what to do.
    """
    if name in BUNDLED:
        return _files_in(_MODELS / name, "The package is not whole: install elmo-tasks again.")
    if name in PUBLISHED:
        return _published(str(name))
    if Path(name).is_dir():
        return _files_in(Path(name), "A biLM's folder has the two files options.json and weights.hdf5.")
    names = ", ".join((*BUNDLED, *PUBLISHED))
    raise PretrainedError(f'There is no biLM "{name}": it is neither one of {names}, nor a folder.')


def _files_in(folder: Path, hint: str) -> BiLMFiles:
    files = BiLMFiles(folder / OPTIONS_NAME, folder / WEIGHTS_NAME)
    for file in files:
        if not file.is_file():
            raise PretrainedError(f"There is no file {file}. {hint}")
    return files


def _published(name: str) -> BiLMFiles:
    folder = Path(os.environ.get("ELMO_TASKS_CACHE") or "~/.cache/elmo_tasks").expanduser() / name
    files = BiLMFiles(folder / OPTIONS_NAME, folder / WEIGHTS_NAME)
    for file in files:
        if not file.is_file():
            shape = PUBLISHED[name]
            download(f"{_SERVER}/{shape}/elmo_{shape}_{file.name}", file)
    return files


def download(url: str, path: Path) -> None:
    """Downloads to `path`, which is there only once it is whole. Reports to the standard error."""
    digest = hashlib.sha256()
    try:
        with writing(path) as temporary, open(temporary, "wb") as file:
            for chunk in _chunks(url):
                file.write(chunk)
                digest.update(chunk)
    except urllib.error.HTTPError as error:
        reason = f"the server answered {error.code} {error.reason}"
        if error.code in (403, 404):
            reason += " (403 and 404 mean that the file has been moved or taken away)"
        raise PretrainedError(_by_hand(url, path, reason)) from error
    except (OSError, http.client.HTTPException) as error:
        raise PretrainedError(_by_hand(url, path, str(error))) from error
    print(f"{path}: sha256 {digest.hexdigest()}", file=sys.stderr)


def _by_hand(url: str, path: Path, reason: str) -> str:
    return f"{url} could not be downloaded: {reason}. If you can get the file elsewhere, put it at {path}."


def _chunks(url: str) -> Iterator[bytes]:
    with urllib.request.urlopen(url, timeout=_TIMEOUT) as response:
        total = int(response.headers.get("Content-Length") or 0)
        print(f"Downloading {url} ({total / 1e6:.1f} MB)", file=sys.stderr)
        done = tenths = 0
        while chunk := response.read(_CHUNK):
            yield chunk
            done += len(chunk)
            if total and done * 10 // total > tenths:
                tenths = done * 10 // total
                print(f"  {tenths * 10} %", file=sys.stderr)
        if done < total:
            raise OSError(f"the connection broke after {done} of {total} bytes")

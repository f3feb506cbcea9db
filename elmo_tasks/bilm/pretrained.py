"""Which biLM is meant: one by its name, in a folder, or in two files here or at a URL."""

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

BUNDLED = ("mini", "mini-zh")
"""In the package, in the folder `models`."""

PUBLISHED = {
    "small": "2x1024_128_2048cnn_1xhighway",
    "medium": "2x2048_256_2048cnn_1xhighway",
    "original": "2x4096_512_2048cnn_2xhighway",
    "5.5B": "2x4096_512_2048cnn_2xhighway_5.5B",
}
"""Downloaded on first use, and what they are called there."""

OUTPUT_DIMS = {"mini": 512, "mini-zh": 256, "small": 256, "medium": 512, "original": 1024, "5.5B": 1024}
"""The length of a token's vector in each layer of the biLMs that have a name, both directions."""

_MODELS = Path(__file__).with_name("models")
_SERVER = "https://s3-us-west-2.amazonaws.com/allennlp/models/elmo"
_TIMEOUT = 60  # seconds without a byte
_CHUNK = 1 << 20


class PretrainedError(ValueError):
    """It is not said, or not to be found, which biLM is meant; or its files cannot be had."""


class BiLMFiles(NamedTuple):
    """The two files of a biLM."""

    options_file: Path
    weight_file: Path


def find_bilm(
    bilm: str | Path | None = None,
    options_file: str | Path | None = None,
    weight_file: str | Path | None = None,
    default: str | None = None,
) -> BiLMFiles:
    """
    The files of a trained biLM.

    # Parameters

    bilm : `str` or `Path`, optional
        `"mini"` or the Chinese `"mini-zh"`, which are in this package; `"small"`, `"medium"`, `"original"` or `"5.5B"`,
        which are downloaded on first use; or else a folder with an options.json and a weights.hdf5. `~` is the home
        folder.
    options_file, weight_file : `str` or `Path`, optional
        Instead of `bilm`, the two files: paths, or URLs (`https://` or `http://`), which are downloaded on first use.
        The published biLMs' addresses lead to the same files as their names.
    default : `str`, optional
        The biLM that is meant where none is given.

    Downloads go into `cache_folder()`.

    # Returns

    `BiLMFiles`
        Both files are there.

    # Raises

    `PretrainedError`
        Unless exactly one biLM is given and there. Says what was looked for where, and what to do.
    """
    if options_file is None and weight_file is None:
        name = default if bilm is None else bilm
        if name is None:
            raise PretrainedError(
                'There is no biLM: give its name (such as "mini") or folder, or its options file and weight file.'
            )
        return _named(name)
    if bilm is not None:
        raise PretrainedError("Give a biLM's name or folder, or its options file and weight file, but not both.")
    if options_file is None or weight_file is None:
        missing = "options" if options_file is None else "weight"
        raise PretrainedError(f"The biLM's {missing} file is missing: give both its files, or its name or folder.")
    return BiLMFiles(_file(options_file), _file(weight_file))


def is_bilm(bilm: str | Path) -> bool:
    """Whether this is a biLM's name or folder, as far as can be told without a download."""
    return bilm in OUTPUT_DIMS or (Path(bilm).expanduser() / OPTIONS_NAME).is_file()


def whole_path(bilm: str | None) -> str | None:
    """A folder's whole path, which means the same in any folder; a biLM's name stays, whatever else is called so."""
    if not bilm or bilm in OUTPUT_DIMS or not Path(bilm).exists():
        return bilm
    return str(Path(bilm).resolve())


def files_to_download(bilm: str | Path) -> list[Path]:
    """Where the files of a published biLM will be that are not downloaded yet; none of any other biLM."""
    if bilm not in PUBLISHED:
        return []
    folder = cache_folder() / bilm
    return [folder / name for name in (OPTIONS_NAME, WEIGHTS_NAME) if not (folder / name).is_file()]


def cache_folder() -> Path:
    """Where downloads are kept: `$ELMO_TASKS_CACHE`, or else `~/.cache/elmo_tasks`."""
    return Path(os.environ.get("ELMO_TASKS_CACHE") or "~/.cache/elmo_tasks").expanduser()


def _named(bilm: str | Path) -> BiLMFiles:
    if bilm in BUNDLED:
        return _files_in(_MODELS / bilm, "The package is not whole: install elmo-tasks again.")
    if bilm in PUBLISHED:
        return _published(str(bilm))
    folder = Path(bilm).expanduser()
    if folder.is_dir():
        return _files_in(folder, _hint(folder))
    transformer = str(bilm).removeprefix("transformer:")
    raise PretrainedError(
        f'There is no biLM "{bilm}": it is neither one of {", ".join(OUTPUT_DIMS)}, nor a folder. A transformer, where '
        f"one can take a biLM's place, is named transformer:{transformer}, and in a config "
        f'by "transformer": "{transformer}".'
    )


def _hint(folder: Path) -> str:
    """What to do about a folder that has not the files of a biLM."""
    inside = folder / "bilm"
    if is_bilm(inside):
        return f"There is a biLM in {inside}: give that."
    hint = "A biLM's folder has the two files options.json and weights.hdf5."
    if not (folder / "config.json").is_file():
        return hint
    return (
        f"{hint} If this is a run's folder, elmo-export takes its biLM out; if it is a transformer's, whose "
        f'config.json has no "model_type", it is named transformer:{folder}.'
    )


def _files_in(folder: Path, hint: str) -> BiLMFiles:
    files = BiLMFiles(folder / OPTIONS_NAME, folder / WEIGHTS_NAME)
    for file in files:
        if not file.is_file():
            raise PretrainedError(f"There is no file {file}. {hint}")
    return files


def _published(name: str) -> BiLMFiles:
    folder, shape = cache_folder() / name, PUBLISHED[name]
    files = BiLMFiles(folder / OPTIONS_NAME, folder / WEIGHTS_NAME)
    for file in files:
        if not file.is_file():
            download(f"{_SERVER}/{shape}/elmo_{shape}_{file.name}", file)
    return files


def _file(given: str | Path) -> Path:
    """A path that is there, or where a URL's file is after its download."""
    if str(given).startswith(("https://", "http://")):
        return _downloaded(str(given))
    path = Path(given).expanduser()
    if not path.is_file():
        raise PretrainedError(f"There is no file {given}.")
    return path


def _downloaded(url: str) -> Path:
    name = url.rsplit("/", 1)[1] or "file"
    for bilm, shape in PUBLISHED.items():
        if name in (f"elmo_{shape}_{OPTIONS_NAME}", f"elmo_{shape}_{WEIGHTS_NAME}"):
            files = _published(bilm)
            return files.options_file if name.endswith(OPTIONS_NAME) else files.weight_file
    path = cache_folder() / "urls" / hashlib.sha256(url.encode()).hexdigest()[:16] / name
    if not path.is_file():
        download(url, path)
    return path


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

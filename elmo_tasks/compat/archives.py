"""
Loading archives and runs' folders.

What it mends: AllenNLP 2.10.1, whatever the libraries, trusts what is in an archive, and notices no damage.
How one sees it: an archive may write anywhere and run code; a flipped bit gives other weights; other damage is told as
`KeyError`, `EOFError` and the like. Our embedder's cache would be made in whichever folder an archive names.
Until when: as long as AllenNLP is used.
"""

from os import PathLike
from pathlib import Path
from typing import Any

from allennlp.models import archival
from allennlp.nn import util

from elmo_tasks.archives import loading
from elmo_tasks.archives.safety import check_configs, unpacked
from elmo_tasks.compat.replacing import replacement, stock_of


def apply() -> None:
    """Applies all of it."""
    unpack_archives_safely()
    check_folders()
    name_damage()
    leave_caches_off()


def unpack_archives_safely() -> None:
    """
    Has AllenNLP unpack archives by `archives.safety.unpacked`, in `predict`, `evaluate` and wherever it loads one.

    What broke: an archive may write anywhere in the file system, and its config may run code; see `archives/safety.py`.
    With which version: any; Python 3.14 is the first whose `tarfile` stays inside the folder unless told otherwise.
    When it can go: not while AllenNLP is used. For the files alone, with Python 3.14 as the oldest version.
    """
    archival.extracted_archive = unpacked  # type: ignore[assignment]


def check_folders() -> None:
    """
    Has AllenNLP look at the configs of a run's folder before it reads them, as it does at an archive's.

    What broke: as with archives; a folder may have come from somebody else too.
    With which version: any.
    When it can go: not while AllenNLP is used.
    """
    stock = stock_of(archival.cached_path)

    def located(archive_file: str | PathLike, *args: Any, **kwargs: Any) -> str:
        """Only `load_archive` asks here."""
        path: str = stock(archive_file, *args, **kwargs)
        if Path(path).is_dir():
            check_configs(path)
        return path

    archival.cached_path = replacement(located, stock)


def name_damage() -> None:
    """
    Has AllenNLP tell of damaged or missing members of an archive or a run's folder by name; see `archives/loading.py`.

    What broke: a flipped bit in `best.th` gives other weights; what else is damaged is told as `KeyError`, `EOFError`
    and the like, without the file's name.
    With which version: any; torch's reader looks at no check sum.
    When it can go: not while AllenNLP is used.
    """
    util.read_state_dict = loading.read_state_dict  # type: ignore[assignment]
    archival._load_dataset_readers = loading.load_dataset_readers
    archival._load_model = loading.load_model


def leave_caches_off() -> None:
    """
    Has AllenNLP load archives without the disk caches that their biLMs were trained with; see `archives/loading.py`.

    What broke: nothing of AllenNLP's; an archive that is loaded to predict would make files where its config says.
    With which version: any.
    When it can go: not while the embedder has a `cache`.
    """
    archival.Params = loading.ArchivedConfig  # type: ignore[misc]

"""A biLM's files, in the published format."""

import os
import tempfile
from functools import partial
from pathlib import Path

from elmo_tasks.bilm import BiLM
from elmo_tasks.bilm.pretrained import OPTIONS_NAME, WEIGHTS_NAME, BiLMFiles
from elmo_tasks.files import check_own, full_disk_told, same_content


class ExportError(ValueError):
    """A biLM's files cannot be written."""


def export_bilm(bilm: BiLM, folder: Path, half: bool = False, force: bool = False) -> BiLMFiles:
    """
    Writes options.json and weights.hdf5 into a folder, which is made if need be.

    # Parameters

    bilm : `BiLM`
    folder : `Path`
    half : `bool`
        Whether the weights are rounded to half precision and compressed: half the size, still float32 to their readers.
    force : `bool`
        Whether files that are there and differ from the new ones are replaced.

    # Raises

    `ExportError`
        If there are such files, and they are not to be replaced.
    """
    files = _files_in(folder)
    with full_disk_told(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".export-", dir=folder) as temporary:
            new = _files_in(Path(temporary))
            bilm.save(*new, compress=half, round_to_half=half)
            for path, written in zip(files, new, strict=True):
                if not force:
                    check_own(path, partial(same_content, path, written), ExportError)
            for path, written in zip(files, new, strict=True):
                os.replace(written, path)
    return files


def _files_in(folder: Path) -> BiLMFiles:
    return BiLMFiles(folder / OPTIONS_NAME, folder / WEIGHTS_NAME)

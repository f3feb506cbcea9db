"""Where a biLM's files are: beside the model that was trained with them, under a name, or where a config says."""

import hashlib
import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path

from allennlp.common.checks import ConfigurationError
from allennlp.common.file_utils import cached_path

from elmo_tasks.archives.safety import check_archive
from elmo_tasks.bilm.pretrained import OPTIONS_NAME, WEIGHTS_NAME, BiLMFiles, find_bilm
from elmo_tasks.files import writing

KEPT = ".elmo"
"""Where a run keeps biLMs, in its folder `vocabulary`."""

_ADDRESSES_OF_ALLENNLP = ("s3://", "gs://", "hf://")


class BiLMSource:
    """
    What a config says about where a biLM comes from, and the copy that a run keeps of it.

    A run keeps its biLM once, in `vocabulary/.elmo/` of its serialization directory. AllenNLP puts the whole folder
    `vocabulary` into the archive, and reads no vocabulary from what is hidden in it; so an archive carries its biLM
    without a change to AllenNLP or to a config, whatever becomes of the file or of the name, and checkpoints need not.

    # Parameters

    bilm : `str` or `Mapping[str, str]`, optional
        A name or a folder that `find_bilm` knows, or `{"options_file": ..., "weight_file": ...}`.
    options_file, weight_file : `str`, optional
        Instead of `bilm`: paths, URLs, or `archive.tar.gz!file`.
    serialization_dir : `str`, optional
        The run's folder, or the unpacked archive's.

    # Raises

    `ConfigurationError`
        Unless exactly one biLM is given.
    """

    def __init__(
        self,
        bilm: str | Mapping[str, str] | None = None,
        options_file: str | None = None,
        weight_file: str | None = None,
        serialization_dir: str | None = None,
    ) -> None:
        if bilm is not None and (options_file is not None or weight_file is not None):
            raise ConfigurationError('Give "bilm", or "options_file" and "weight_file", but not both.')
        if isinstance(bilm, Mapping):
            if set(bilm) != {"options_file", "weight_file"}:
                raise ConfigurationError(
                    f'"bilm" has the keys {sorted(bilm)}; it must have "options_file" and "weight_file".'
                )
            options_file, weight_file = bilm["options_file"], bilm["weight_file"]
        elif bilm is not None and not isinstance(bilm, str):
            raise ConfigurationError(f'"bilm" is {bilm!r:.100}; it must be a name, a folder, or an object.')
        elif bilm is None and (options_file is None or weight_file is None):
            raise ConfigurationError(
                'There is no biLM: give "bilm" (a name such as "mini"), or both "options_file" and "weight_file".'
            )
        # One name, or the two files.
        self._given = (bilm,) if isinstance(bilm, str) else (str(options_file), str(weight_file))
        self._vocabulary = None if serialization_dir is None else Path(serialization_dir) / "vocabulary"
        self._found: BiLMFiles | None = None

    def find(self) -> BiLMFiles:
        """
        The files: the copy that the run or archive keeps if there is one, else those that the config says.

        # Raises

        `ConfigurationError`
            Where there are none.
        """
        kept = self._kept_files()
        self._found = kept if kept is not None and kept.weight_file.is_file() else self._find_given()
        return self._found

    def keep(self) -> None:
        """
        Copies the files that `find` gave beside the model, unless they are there already or the model has no folder
        (any more): an archive is unpacked for as long as it is loaded.
        """
        kept = self._kept_files()
        if self._found is None or kept is None or self._vocabulary is None or not self._vocabulary.is_dir():
            return
        # The weights come last: where they are, both are.
        for file, copy in zip(self._found, kept, strict=True):
            if not copy.is_file():
                with writing(copy) as temporary:
                    shutil.copyfile(file, temporary)

    def _find_given(self) -> BiLMFiles:
        try:
            if len(self._given) == 1:
                return find_bilm(*self._given)
            return find_bilm(None, *map(_fetched, self._given))
        except (FileNotFoundError, ValueError) as error:
            hint = ' A transformer is named by "transformer" in place of "bilm".' if len(self._given) == 1 else ""
            raise ConfigurationError(f"The biLM's files cannot be found: {error}{hint}") from error

    def _kept_files(self) -> BiLMFiles | None:
        if self._vocabulary is None:
            return None
        # Named after what the config says: where the files are gone, nothing else is known of them.
        name = hashlib.sha256("\n".join(self._given).encode("utf-8", "surrogatepass")).hexdigest()[:16]
        folder = self._vocabulary / KEPT / name
        return BiLMFiles(folder / OPTIONS_NAME, folder / WEIGHTS_NAME)


def _fetched(given: str) -> str:
    """Fetches what AllenNLP alone can, such as a file in an archive, which is looked at before it is unpacked."""
    archive, mark, _ = given.partition("!")
    if not mark and not given.startswith(_ADDRESSES_OF_ALLENNLP):
        return given
    # What is no tar is a zip, which Python unpacks within the folder.
    if mark and tarfile.is_tarfile(path := cached_path(archive)):
        check_archive(path)
    return cached_path(given, extract_archive=bool(mark))

"""What is wrong with an archive, and what a file of it is called."""

from pathlib import Path

from allennlp.common.checks import ConfigurationError

_archives: dict[str, Path] = {}


class UnsafeArchiveError(ConfigurationError):
    """An archive holds something that could run code, or reach beyond the folder that it is unpacked to."""


def remember_archive(folder: str, archive: Path) -> None:
    """Has `named` call a temporary folder by the archive that is unpacked there."""
    _archives[folder] = archive


def named(text: object) -> str:
    """A path, or a message with paths in it, with an archive's name for each folder that one was unpacked to."""
    text = str(text)
    for folder, archive in _archives.items():
        text = text.replace(f"{folder}/", f"{archive}, ").replace(folder, str(archive))
    return text

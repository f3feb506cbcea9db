"""What the README of a folder of fixtures says of their files."""

from pathlib import Path


def readme_counts(file: Path) -> dict[str, int]:
    """A file's row in the table of the README beside it, by the names of the columns."""
    lines = (file.parent / "README.md").read_text(encoding="utf-8").splitlines()
    rows = {cells[0]: cells[1:] for line in lines if (cells := [cell.strip() for cell in line.strip("|").split("|")])}
    numbers = [int(cell.replace(",", "")) for cell in rows[file.name]]
    return dict(zip(rows["file"], numbers, strict=True))

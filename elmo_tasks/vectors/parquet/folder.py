"""The folder of a run: its plan, and a Parquet file a part; and how it is read."""

import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from elmo_tasks.files import writing
from elmo_tasks.vectors.parquet.plan import ParquetError, Plan, described

PLAN = "plan.json"

_UNFINISHED_PLAN = f".{PLAN}.*.tmp"
"""What a kill leaves of a plan that is being written, see `elmo_tasks.files.writing`."""

_KEY = b"elmo_tasks"

_TYPES = {"text": "string", "line": "int64", "position": "int64", "token": "string", "tokens": "int64"}
"""Of the columns beside the vectors. A part of blank lines has no row that would tell them."""


def arrow() -> Any:
    """The package pyarrow, with its `parquet`. Raises `ParquetError` where it is not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("pyarrow"):
            raise
        raise ParquetError('Parquet needs pyarrow, which is not installed: pip install "pyarrow>=17".') from None
    return pyarrow


def part_path(folder: Path, number: int) -> Path:
    """The file of the plan's part of that number."""
    return folder / f"part-{number:08}.parquet"


def write_part(folder: Path, plan: Plan, number: int, columns: dict[str, Any]) -> None:
    """
    # Parameters

    folder : `Path`
    plan : `Plan`
    number : `int`
        The part's.
    columns : `dict[str, Any]`
        Of the table, by name: lists, and arrays of shape `(rows, dim)`.
    """
    pa = arrow()
    arrays = {
        name: _vectors(values) if isinstance(values, np.ndarray) else pa.array(values, type=_TYPES[name])
        for name, values in columns.items()
    }
    table = pa.table(arrays).replace_schema_metadata({_KEY: json.dumps({**described(plan), "part": number})})
    texts = [name for name in ("text", "token") if name in columns]
    with writing(part_path(folder, number)) as temporary:
        pa.parquet.write_table(table, temporary, compression="zstd", use_dictionary=texts)


def _vectors(array: np.ndarray) -> Any:
    pa = arrow()
    return pa.FixedSizeListArray.from_arrays(pa.array(array.reshape(-1)), array.shape[1])


def is_whole(folder: Path, plan: Plan, number: int) -> bool:
    """Whether the part's file is there, whole and of this plan. One that is cut off has no footer."""
    path = part_path(folder, number)
    if not path.exists():
        return False
    pa = arrow()
    try:
        metadata = pa.parquet.read_metadata(path).metadata or {}
        return bool(json.loads(metadata.get(_KEY, b"{}")) == {**described(plan), "part": number})
    except (pa.ArrowException, OSError, ValueError):
        return False


def claim(folder: Path, plan: Plan) -> Plan:
    """
    Begins a run in the folder, or goes on with one.

    # Returns

    `Plan`
        The one that is to be followed: where a run goes on, its own, which calls the texts as they were called when it
        began.

    # Raises

    `ParquetError`
        If something else is there.
    """
    path = folder / PLAN
    if path.is_file():
        begun = Plan.from_json(path)
        if difference := begun.difference(plan):
            raise ParquetError(
                f"{folder} holds a run that differs from this one in: {difference}. Write to another one, or delete it."
            )
        return begun
    if folder.exists() and (not folder.is_dir() or set(folder.iterdir()) - set(folder.glob(_UNFINISHED_PLAN))):
        raise ParquetError(f"{folder} is there already, and is not a run of elmo-embed: write to another folder.")
    with writing(path) as temporary:
        temporary.write_text(plan.to_json(), encoding="utf-8")
    return plan


def remove_leftovers(folder: Path) -> None:
    """Removes what killed runs and workers had begun to write, once all parts are there."""
    for leftover in (*folder.glob(_UNFINISHED_PLAN), *folder.glob(".part-*.tmp")):
        leftover.unlink(missing_ok=True)


class Line(NamedTuple):
    """A line of an embedded text."""

    text: str
    """The file's name, as it was given to the run when it began."""
    line: int
    """Counted from 0."""
    tokens: list[str]
    """Empty where rows are of sentences."""
    vectors: np.ndarray
    """Shape `(columns, tokens, dim)`, or `(columns, dim)` where rows are of sentences."""


class EmbeddedText:
    """
    What `elmo-tasks elmo-embed` has written, to be read without a biLM.

    # Parameters

    folder : `str` or `Path`

    # Raises

    `ParquetError`
        If it is no such folder, or its run has not ended: then it says how many parts are missing.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        path = self.folder / PLAN
        if not path.is_file():
            raise ParquetError(f"There is no {path}: {self.folder} is no folder that elmo-embed has written.")
        self.plan = Plan.from_json(path)
        missing = [number for number in range(len(self.plan.parts)) if not is_whole(self.folder, self.plan, number)]
        if missing:
            raise ParquetError(
                f"{self.folder} is not whole: {len(missing)} of {len(self.plan.parts)} parts are missing or damaged, "
                f"the first is {part_path(self.folder, missing[0]).name}. The command that began it goes on with it."
            )

    def lines(self, text: str | None = None, first: int = 0, stop: int | None = None) -> Iterator[Line]:
        """
        The lines in the order of the texts, one part in memory.

        # Parameters

        text : `str`, optional
            The name of one of the texts; all without it, and then in full.
        first, stop : `int`
            The lines of it that are wanted, counted from 0; `stop` is behind the last one.

        # Raises

        `ParquetError`
            If there is no such text.
        """
        if text is None:
            for each in self.plan.texts:
                yield from self.lines(each.name)
            return
        if text not in self._parts_by_text:
            names = ", ".join(self._parts_by_text)
            raise ParquetError(f'There is no text "{text}" in {self.folder}; there are: {names}.')
        for number in self._parts_by_text[text]:
            part = self.plan.parts[number]
            if part.stop > first and (stop is None or part.first < stop):
                lines = self._read(number)
                yield from (line for line in lines if first <= line.line and (stop is None or line.line < stop))

    def table(self) -> Any:
        """All parts as one `pyarrow.dataset.Dataset`, for pandas, Polars, DuckDB and the like."""
        arrow()
        import pyarrow.dataset

        return pyarrow.dataset.dataset(
            [str(part_path(self.folder, number)) for number in range(len(self.plan.parts))], format="parquet"
        )

    @cached_property
    def _parts_by_text(self) -> dict[str, list[int]]:
        """The numbers of each text's parts, by the text's name."""
        names = [text.name for text in self.plan.texts]
        found: dict[str, list[int]] = {name: [] for name in names}
        for number, part in enumerate(self.plan.parts):
            found[names[part.text]].append(number)
        return found

    def _read(self, number: int) -> Iterator[Line]:
        part = self.plan.parts[number]
        name = self.plan.texts[part.text].name
        table = arrow().parquet.read_table(part_path(self.folder, number))
        # Shape: (columns, rows, dim)
        vectors = np.stack([self._column(table, column) for column in self.plan.columns])
        if self.plan.rows == "sentence":
            for row, line in enumerate(table["line"].to_pylist()):
                yield Line(name, line, [], vectors[:, row])
            return
        lines, tokens = table["line"].to_numpy(), table["token"].to_pylist()
        for line in range(part.first, part.stop):
            # Rows are in the order of lines; a blank one has none.
            start, stop = np.searchsorted(lines, [line, line + 1])
            yield Line(name, line, tokens[start:stop], vectors[:, start:stop])

    def _column(self, table: Any, column: str) -> np.ndarray:
        flat = table[column].combine_chunks()
        flat = flat.chunk(0) if hasattr(flat, "chunk") else flat
        return flat.flatten().to_numpy(zero_copy_only=False).reshape(-1, self.plan.dim)

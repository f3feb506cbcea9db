"""What a run makes of its texts: parts that depend on the texts alone, so that any worker can make any of them."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from elmo_tasks.bilm.batches import windows
from elmo_tasks.bilm.identity import bilm_digest
from elmo_tasks.bilm.layers import LayerSource
from elmo_tasks.checks import check_count
from elmo_tasks.files import check_is_file, read_object
from elmo_tasks.vectors.dump.text import Sentence, read_sentences

FORMAT = 1
"""Of the folder: raised when an older program would misread what a newer one has written."""


class ParquetError(ValueError):
    """A text cannot be embedded as asked, or a folder is not one of embedded text, or not whole."""


class TextFile(NamedTuple):
    """A text as it was when the run was planned."""

    name: str
    """As it was given, which is how rows name it."""
    digest: str
    """SHA-256 of its lines."""
    lines: int
    tokens: int


class Part(NamedTuple):
    """Consecutive lines of one text: what one file holds, what a worker does at once, and what its death costs."""

    text: int
    """The text's position in the plan."""
    first: int
    """Its first line, counted from 0."""
    stop: int
    """Behind its last line."""
    tokens: int


@dataclass(frozen=True)
class Plan:
    """
    What a run writes, whoever does it.

    # Parameters

    texts : `Sequence[TextFile]`
    parts : `Sequence[Part]`
        In the texts' order.
    rows : `str`
        `"token"` or `"sentence"`: what a row is of. A sentence's vectors are the means over its tokens.
    layers : `Sequence[int] | None`
        The layers that are written, each a column; or None: the mean of all, as one column.
    half : `bool`
        float16 instead of float32: half the size, with a relative error of at most 2^-11 (0.05 %) in each value.
    bilm : `str`
        The biLM's `bilm_digest`.
    dim : `int`
        Length of a vector.
    bilm_name : `str`, optional
        What the biLM was called when the run began, for people: it is no part of what the plan is compared by.
    """

    texts: Sequence[TextFile]
    parts: Sequence[Part]
    rows: str
    layers: Sequence[int] | None
    half: bool
    bilm: str
    dim: int
    bilm_name: str | None = field(default=None, compare=False)

    @property
    def columns(self) -> list[str]:
        """The names of the columns of vectors."""
        return ["mean"] if self.layers is None else [f"layer_{layer}" for layer in self.layers]

    @property
    def tokens(self) -> int:
        """Of all texts."""
        return sum(text.tokens for text in self.texts)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the plan, by which a part says whose it is. Each part asks for it."""
        values = asdict(self)
        del values["bilm_name"]
        return hashlib.sha256(_dumped(values).encode()).hexdigest()

    def to_json(self) -> str:
        """What `from_json` reads."""
        return _dumped(asdict(self))

    @classmethod
    def from_json(cls, path: Path) -> "Plan":
        """Raises `ParquetError` if the file is no plan, or is one of a newer program."""
        values = read_object(path, ParquetError, format=int)
        if values.pop("format") > FORMAT:
            raise ParquetError(f"{path} was written by a newer version of this program.")
        try:
            texts = [TextFile(*text) for text in values.pop("texts")]
            return cls(texts, [Part(*part) for part in values.pop("parts")], **values)
        except (KeyError, TypeError) as error:
            raise ParquetError(f"{path} is damaged, or no plan of embedded text: {error}") from None

    def difference(self, other: "Plan") -> str:
        """In what two plans differ, in words; the empty string where they do not. A text is its lines, not its name."""
        ours, theirs = self._without_names(), other._without_names()
        return ", ".join(name for name in ours if ours[name] != theirs[name])

    def _without_names(self) -> dict[str, Any]:
        values: dict[str, Any] = json.loads(self.to_json())
        del values["bilm_name"]
        return {**values, "texts": [text._replace(name="") for text in self.texts]}


def _dumped(values: dict[str, Any]) -> str:
    return json.dumps({"format": FORMAT, **values}, ensure_ascii=False)


def survey(paths: Iterable[Path], part_tokens: int) -> tuple[list[TextFile], list[Part]]:
    """
    Reads the texts once, so that what is wrong with them is known before hours have been spent on them.

    # Parameters

    paths : `Iterable[Path]`
        Texts of one tokenized sentence a line, plain or compressed.
    part_tokens : `int`
        A part ends with the line that brings it to so many tokens, or to 16384 lines.

    # Raises

    `ParquetError`
        If there is none, if one is there twice, or is no file.
    `TextError`
        Names the file and the line that is not UTF-8, or where a compressed file breaks off.
    """
    paths = list(paths)
    if not paths:
        raise ParquetError("There are no texts.")
    texts: list[TextFile] = []
    parts: list[Part] = []
    for number, path in enumerate(paths):
        if path in paths[:number]:
            raise ParquetError(f"{path} is given twice.")
        check_is_file(path, ParquetError)
        digest = hashlib.sha256()
        before = len(parts)
        for window in windows(read_sentences(path), Sentence.num_tokens, part_tokens):
            for sentence in window:
                digest.update(sentence.text.encode() + b"\n")
            tokens = sum(map(Sentence.num_tokens, window))
            parts.append(Part(number, window[0].line, window[-1].line + 1, tokens))
        own = parts[before:]
        texts.append(TextFile(str(path), digest.hexdigest(), own[-1].stop if own else 0, sum(p.tokens for p in own)))
    return texts, parts


def make_plan(
    bilm: LayerSource,
    texts: Iterable[Path],
    rows: str = "token",
    layers: str | Sequence[int] = "mean",
    half: bool = False,
    part_tokens: int = 16384,
    bilm_name: str | None = None,
) -> Plan:
    """
    Plans a run that embeds whole texts: it reads them once, and divides them into parts.

    # Parameters

    bilm : `LayerSource`
        What gives the layers; it must not be stateful.
    texts, part_tokens
        See `survey`.
    rows, half, bilm_name
        See `Plan`.
    layers
        See `chosen_layers`.

    # Returns

    `Plan`
        What all workers of the run go by.

    # Raises

    `ParquetError`
        If a text is missing or given twice, if the biLM is stateful, or if `rows`, `layers` or `part_tokens` is wrong.
    `TextError`
        If a text is not UTF-8, or a compressed one breaks off.
    """
    check_count(ParquetError, part_tokens=part_tokens)
    if rows not in ("token", "sentence"):
        raise ParquetError(f'rows is "{rows}"; it must be "token" or "sentence".')
    if bilm.stateful:
        raise ParquetError("A stateful biLM's layers would depend on the order of the sentences: take a stateless one.")
    chosen = chosen_layers(layers, bilm.num_layers)
    found, parts = survey(texts, part_tokens)
    return Plan(found, parts, rows, chosen, half, bilm_digest(bilm), bilm.output_dim, bilm_name)


def chosen_layers(layers: str | Sequence[int], num_layers: int) -> list[int] | None:
    """
    # Parameters

    layers : `str | Sequence[int]`
        `"all"`, `"mean"`, or layers' numbers, 0 for the token layer; negative ones count from the last.
    num_layers : `int`

    # Returns

    `list[int] | None`
        Numbers from 0; None for the mean.

    # Raises

    `ParquetError`
        If there is no such layer, or one is there twice.
    """
    if layers == "mean":
        return None
    if layers == "all":
        return list(range(num_layers))
    if isinstance(layers, str) or not layers:
        raise ParquetError(f'layers is "{layers}"; it must be "all", "mean", or numbers of layers.')
    numbers: list[int] = []
    for layer in layers:
        number = layer + num_layers if layer < 0 else layer
        if not 0 <= number < num_layers:
            raise ParquetError(f"There is no layer {layer}: there are {num_layers}, from 0 to {num_layers - 1}.")
        if number in numbers:
            raise ParquetError(f"Layer {number} is asked for twice.")
        numbers.append(number)
    return numbers


def described(plan: Plan) -> dict[str, Any]:
    """What stands in each part's file beside its rows."""
    return {"plan": plan.digest, "bilm": plan.bilm, "rows": plan.rows, "columns": plan.columns}

"""The table, in Markdown and JSON."""

import json
import platform
import re
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

import torch

from benchmarks.measure import DISTURBED, Rates, Side
from elmo_tasks.device import usable_cores
from elmo_tasks.files import writing

BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
"""What stands between these lines of README.md is written by the program."""

RESULTS, README = "results.json", "README.md"


@dataclass
class Row:
    """
    One line of the table.

    # Parameters

    name : `str`
        As `--rows` takes it.
    what, against : `str`
        The two that are compared.
    ours, other : `Side`, optional
        None where the row was not measured, or where there is nothing to compare with.
    tokens : `int`
        Tokens of one run; then speeds are given in tokens/s, otherwise times.
    required : `float`, optional
        The ratio to be reached: how many times as fast as the other; with `at_most`, how many times as long.
    at_most : `bool`
    floor : `float`, optional
        Seconds that the matrix products alone would take.
    note : `str`
        What else there is to say; or why the row was not measured.
    """

    name: str
    what: str
    against: str = ""
    ours: Side | None = None
    other: Side | None = None
    tokens: int = 0
    required: float | None = None
    at_most: bool = False
    floor: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Of the medians: how many times as fast ours is; with `at_most`, how many times as long ours takes."""
        if self.ours is None or self.other is None:
            return None
        speedup = self.other.median / self.ours.median
        return 1 / speedup if self.at_most else speedup

    @property
    def is_reached(self) -> bool | None:
        """Whether the ratio is what is required of it."""
        if self.ratio is None or self.required is None:
            return None
        return self.ratio <= self.required if self.at_most else self.ratio >= self.required

    @property
    def share_of_floor(self) -> float | None:
        """The matrix products' share of our time, were they as fast as the large product."""
        return None if self.ours is None or self.floor is None else self.floor / self.ours.median

    def cells(self) -> list[str]:
        """The columns of `table`."""
        if self.ours is None:
            return [self.what, self.against, f"not measured: {self.note}", "", "", "", "", ""]
        memory = _memory(self.ours) + (f" / {_memory(self.other)}" if self.other else "")
        return [
            self.what + (f" ({self.note})" if self.note else "") + self._warning(),
            self.against,
            self._speed(self.ours),
            self._speed(self.other) if self.other else "",
            "" if self.ratio is None else f"**{self.ratio:.2f}**",
            self._required(),
            "" if self.share_of_floor is None else f"{self.share_of_floor:.0%}",
            memory,
        ]

    def _speed(self, side: Side) -> str:
        spread = ""
        if len(side.seconds) > 1:
            spread = f" ±{(max(side.seconds) - min(side.seconds)) / 2 / side.median:.0%}"
        if self.tokens:
            return f"{self.tokens / side.median:,.0f} tokens/s{spread}"
        return (f"{side.median:.1f} s" if side.median >= 1 else f"{side.median * 1000:.2f} ms") + spread

    def _required(self) -> str:
        if self.required is None:
            return ""
        mark = "" if self.is_reached else ", missed"
        return f"{'at most' if self.at_most else 'at least'} {self.required:g}{mark}"

    def _warning(self) -> str:
        stolen = max(side.stolen for side in (self.ours, self.other) if side is not None)
        if stolen <= DISTURBED:
            return ""
        return f"; **disturbed**: the host gave up to {stolen:.0%} of the processors' time to other machines"

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Row":
        """What `to_dict` made."""
        row = cls(**{field.name: values[field.name] for field in fields(cls)})
        row.ours, row.other = (Side(**side) if side else None for side in (values["ours"], values["other"]))
        return row

    def to_dict(self) -> dict[str, Any]:
        """For JSON: the parameters, and what follows from them."""
        medians = {
            f"median_{name}": statistics.median(side.seconds)
            for name, side in (("ours", self.ours), ("other", self.other))
            if side is not None
        }
        derived = {"ratio": self.ratio, "is_reached": self.is_reached, "share_of_floor": self.share_of_floor}
        return asdict(self) | medians | derived


def _memory(side: Side) -> str:
    return "?" if side.memory is None else f"{side.memory:,.0f}"


HEADER = ["what", "against", "ours", "the other", "ratio", "to reach", "share of floor", "peak MiB, ours / other"]


def table(rows: Sequence[Row]) -> str:
    """In Markdown."""
    lines = [HEADER, ["---"] * len(HEADER), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    packages = {name: version(name) for name in ("torch", "numpy", "allennlp", "elmo-tasks")}
    return {
        "date": date.today().isoformat(),
        "processor": _processor(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "cores": usable_cores(),
        "threads": torch.get_num_threads(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **packages,
    }


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        found = re.search(r"^model name\s*: (.*)$", information.read_text(encoding="utf-8"), re.MULTILINE)
        if found:
            return found[1]
    return platform.processor() or "unknown"


def markdown(rows: Sequence[Row], rates: Rates, where: dict[str, Any], runs: int) -> str:
    """The section of README.md."""
    return f"""{where["date"]}: {where["processor"]} ({where["capability"]}), cores: {where["cores"]},
threads: {where["threads"]}, Python {where["python"]}, torch {where["torch"]}, numpy {where["numpy"]}, stock AllenNLP
{where["allennlp"]}. Medians of {runs} runs (epochs: {epoch_runs(runs)}); ± is half the range.

Matrix products in the last run, GFLOP/s: a large one fp32 {rates.fp32:.0f}, bf16 {rates.bf16:.0f}; one LSTM step's of
the original shape, fp32 {rates.step_fp32:.0f}, bf16 {rates.step_bf16:.0f}.

{table(rows)}
"""


def epoch_runs(runs: int) -> int:
    """Trainings are long: there are fewer of them."""
    return (runs + 1) // 2


def read(folder: Path, where: dict[str, Any]) -> dict[str, list[Row]]:
    """The rows by group that are in a folder's results.json and were measured here; of another machine none."""
    file = folder / RESULTS
    results = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"machine": {}}
    if results["machine"] | {"date": None} != where | {"date": None}:
        return {}
    return {group: [Row.from_dict(row) for row in rows] for group, rows in results["rows"].items()}


def write(folder: Path, groups: dict[str, list[Row]], rates: Rates, where: dict[str, Any], runs: int) -> None:
    """Writes results.json, and the table into README.md where that is in the folder and has its two marks."""
    rows = {group: [row.to_dict() for row in rows] for group, rows in groups.items()}
    results = {"machine": where, "runs": runs, "gflops": asdict(rates), "rows": rows}
    with writing(folder / RESULTS) as temporary:
        temporary.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    readme = folder / README
    if not readme.exists():
        return
    before, begin, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f'{readme} has no place for the table: the lines "{BEGIN}" and "{END}".')
    with writing(readme) as temporary:
        section = markdown(list(chain.from_iterable(groups.values())), rates, where, runs)
        temporary.write_text(f"{before}{begin}\n{section}{end}{after}", encoding="utf-8")

"""
Any experiments over several seeds, side by side.

    python -m elmo_tasks.runner.compare CONFIG CONFIG... --seeds 3 -o FOLDER
"""

import argparse
import hashlib
import os
import statistics
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from allennlp.common import Params
from allennlp.common.checks import ConfigurationError

from elmo_tasks.bilm.pretrained import PretrainedError, find_bilm
from elmo_tasks.files import named_files, sha256
from elmo_tasks.mixes.named import short_names
from elmo_tasks.runner.comparisons import mean_and_deviation
from elmo_tasks.runner.configs import with_seed
from elmo_tasks.runner.processes import RunError
from elmo_tasks.runner.runs import Record, Run, make_identity
from elmo_tasks.runner.schedule import execute

_METRICS = ("best_validation_", "test_")
"""How AllenNLP's names begin of a metric on the development set, at the best epoch, and on the test set."""

_NO_SHARES = ("loss", "perplexity")
"""How AllenNLP's names end of metrics that are no shares, also where all values are between 0 and 1."""

_FOLDERS = ("transformer", "archive_file", "directory")
"""What is called so in a config may be a folder, also without a slash in its name."""

_NO_DATA = ("type", "cache")
"""What is called so in a config names no file that the result depends on."""


def plan(configs: Sequence[str | Path], seeds: int, out: str | Path) -> list[Run]:
    """
    Every config with every seed, the seeds in the outer order so that early results compare. A run depends on the
    contents of all files and folders that its config names, those of a biLM too.

    # Raises

    `ConfigurationError`
        Where a config cannot be read, or is given twice.
    """
    experiments = []
    for name, path in zip(_names(configs), map(Path, configs), strict=True):
        if not path.is_file():
            raise ConfigurationError(f"There is no config {path}.")
        config = Params.from_file(str(path)).as_dict(quiet=True)
        experiments.append((name, config, digests(config)))
    runs = []
    for seed in range(1, seeds + 1):
        for name, config, files in experiments:
            seeded = with_seed(config, seed)
            folder = Path(out) / name / f"seed{seed}"
            runs.append(Run(f"{name}/seed{seed}", folder, seeded, make_identity(seeded, files)))
    return runs


def _names(configs: Sequence[str | Path]) -> list[str]:
    """The files' names; where two are the same, what tells their paths apart."""
    names = [Path(config).stem for config in configs]
    if len(set(names)) < len(names):
        names = short_names([str(Path(config).with_suffix("")) for config in configs])
    if twice := [name for number, name in enumerate(names) if name in names[:number]]:
        raise ConfigurationError(f'Two configs are called "{twice[0]}": give each once, and another file name.')
    return names


def digests(config: Any) -> dict[str, str]:
    """The SHA-256 of each file, folder and biLM that a config names, by the name."""
    named = ((name, _digest(key, name)) for key, text in _texts(config) for name in named_files(text))
    return {name: digest for name, digest in named if digest is not None}


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """All strings in a config that may name a file, each with its key."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, key)
    elif isinstance(value, dict):
        for inner_key, inner in value.items():
            if inner_key not in _NO_DATA:
                yield from _texts(inner, inner_key)


def _digest(key: str, name: str) -> str | None:
    """None where this names nothing."""
    if key == "bilm":
        try:
            return _of_all(find_bilm(name))
        except PretrainedError:
            return None
    if os.path.isfile(name):
        return sha256(name)
    # Not of "output", which is where ELMo goes, or "/", which is punctuation.
    is_path = "/" in name or key in _FOLDERS or key.endswith("_path")
    if is_path and os.path.isdir(name) and Path(name).name not in ("", ".."):
        return _of_all(path for path in Path(name).rglob("*") if path.is_file())
    return None


def _of_all(files: Iterable[Path]) -> str:
    """Of a folder's files, by their names below what all have in common, and of their contents."""
    paths = sorted(files)
    common = os.path.commonpath([path.parent for path in paths]) if paths else ""
    lines = [f"{os.path.relpath(path, common)} {sha256(path)}\n" for path in paths]
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def check_metric(runs: Iterable[Run], metric: str) -> None:
    """Raises `RunError` with the names that there are, where some runs are done and none has the metric."""
    records = [run.record() for run in runs if run.is_done]
    known = {
        name.removeprefix(beginning): None
        for record in records
        for name in record["metrics"]
        for beginning in _METRICS
        if name.startswith(beginning)
    }
    if records and metric not in known:
        raise RunError(f'No run has the metric "{metric}": give one of these by --metric: {", ".join(known)}.')


def _is_share(records: Iterable[Record], metric: str) -> bool:
    """Whether a metric is between 0 and 1 by its nature, as far as its name and all its values tell."""
    values = [record["metrics"].get(f"{beginning}{metric}", 0) for record in records for beginning in _METRICS]
    return not metric.endswith(_NO_SHARES) and all(0 <= value <= 1 for value in values)


def table(runs: Sequence[Run], metric: str) -> str:
    """
    A Markdown table, a row a config: the metric on the development set (of the best epoch) and, where there is one, on
    the test set, over the seeds; the trainings' mean time. Shares are in points, other metrics as they are.
    """
    by_config: dict[str, list[Record]] = {}
    for run in runs:
        by_config.setdefault(run.name.rpartition("/")[0], []).append(run.record())
    are_shares = _is_share(chain.from_iterable(by_config.values()), metric)
    lines = [f"| config | dev {metric} | test {metric} | seeds | seconds a run |", "|---|---|---|---|---|"]
    for config, records in by_config.items():
        cells = [
            mean_and_deviation([record["metrics"][name] for record in records], are_shares)
            if name in records[0]["metrics"]
            else "-"
            for name in (f"{beginning}{metric}" for beginning in _METRICS)
        ]
        times = [record["seconds"] for record in records if record["seconds"] is not None]
        seconds = f"{statistics.mean(times):.0f}" if times else "-"
        lines.append(f"| {config} | {cells[0]} | {cells[1]} | {len(records)} | {seconds} |")
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m elmo_tasks.runner.compare", description=__doc__)
    parser.add_argument("configs", nargs="+", help="configs for elmo-tasks train")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each config (default: 3)")
    parser.add_argument("--jobs", type=int, help="trainings at a time (default: one a GPU, or else one a core)")
    parser.add_argument("--metric", default="f1-measure-overall", help="default: f1-measure-overall")
    parser.add_argument("-o", "--out", required=True, help="folder; what is finished there is not trained again")
    args = parser.parse_args()
    try:
        runs = plan(args.configs, args.seeds, args.out)
        # Where each config has a run that is done, they tell of a wrong name before the hours that the rest may take.
        if {run.folder.parent for run in runs} == {run.folder.parent for run in runs if run.is_done}:
            check_metric(runs, args.metric)
        if failures := execute(runs, args.jobs):
            sys.exit("\n\n".join(failures))
        check_metric(runs, args.metric)
    except (ConfigurationError, RunError) as error:
        sys.exit(str(error))
    print(table(runs, args.metric))


if __name__ == "__main__":
    main()

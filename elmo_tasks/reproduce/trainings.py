"""The runs of one experiment, a seed each: what is in their records."""

import re
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elmo_tasks.runner.processes import RunError
from elmo_tasks.runner.runs import Record, read_failure, read_record, record_path

_SEED = re.compile(r"seed(\d+)")
_SEEDS = ("random_seed", "numpy_seed", "pytorch_seed")


@dataclass(frozen=True)
class Trainings:
    """
    The trainings, or other runs, of one experiment.

    # Parameters

    name : `str`
        Such as `"snli/elmo"`.
    records : `Mapping[int, Record]`
        By seed, of those that are done.
    failures : `Mapping[int, str]`
        By seed, the ends of their logs.
    """

    name: str
    records: Mapping[int, Record]
    failures: Mapping[int, str]

    def first(self, seeds: int) -> "Trainings":
        """Those with the seeds 1 to `seeds`."""
        records = {seed: record for seed, record in self.records.items() if seed <= seeds}
        failures = {seed: failure for seed, failure in self.failures.items() if seed <= seeds}
        return Trainings(self.name, records, failures)

    def scores(self, metric: str, split: str) -> dict[int, float]:
        """By seed, in 0..1; of the other split, where the wanted one was not measured on."""
        return {
            seed: record["metrics"][_score_name(record["metrics"], metric, split)]
            for seed, record in self.records.items()
        }

    def measured_on(self, metric: str, split: str) -> str:
        """`"test"` or `"development"`: what the first seed's score is of; empty where there is no record."""
        for record in self.records.values():
            return "test" if _score_name(record["metrics"], metric, split).startswith("test_") else "development"
        return ""

    @property
    def is_uniform(self) -> bool:
        """Whether all seeds are of one config and of the same files."""
        identities = [_without_seeds(record["identity"]) for record in self.records.values()]
        return all(identity == identities[0] for identity in identities)

    @property
    def has_mixes(self) -> bool:
        """Whether mixes of layers were trained."""
        return any(record["mixes"] for record in self.records.values())

    @property
    def seconds(self) -> float | None:
        """The mean wall time of the trainings that were not interrupted."""
        return self._mean_of("seconds")

    @property
    def cpu_seconds(self) -> float | None:
        """The mean processor time of the same; records made before it was measured do not have it."""
        return self._mean_of("cpu_seconds")

    def _mean_of(self, name: str) -> float | None:
        values = [record.get(name) for record in self.records.values() if not record["recovered"]]
        known = [value for value in values if value is not None]
        return statistics.mean(known) if known else None

    @property
    def peak_memory_mb(self) -> int | None:
        """The largest of the trainings'."""
        return max((record["peak_memory_mb"] or 0 for record in self.records.values()), default=0) or None


def _score_name(metrics: Mapping[str, Any], metric: str, split: str) -> str:
    """The metric's name for the split, or for the other one where there is none for it."""
    names = [f"best_validation_{metric}", f"test_{metric}"]
    if split == "test":
        names.reverse()
    found = next((name for name in names if name in metrics), None)
    if found is None:
        raise RunError(f'There is no metric "{names[0]}" or "{names[1]}" in a record, only {", ".join(metrics)}.')
    return found


def _without_seeds(identity: Mapping[str, Any]) -> dict[str, Any]:
    config = {key: value for key, value in identity["config"].items() if key not in _SEEDS}
    reader = config.get("dataset_reader", {})
    if reader.get("type") == "elmo_sampled":
        config["dataset_reader"] = {key: value for key, value in reader.items() if key != "seed"}
    return dict(identity) | {"config": config}


def read_trainings(out: Path, name: str) -> Trainings:
    """Those in a folder below `out`. Raises `RunError` where a record is damaged."""
    records, failures = {}, {}
    for folder in sorted((out / name).glob("seed*")):
        match = _SEED.fullmatch(folder.name)
        if match is None:
            # Somebody's own, such as seed1.old.
            continue
        seed = int(match[1])
        if record_path(folder).exists():
            records[seed] = read_record(folder)
        elif failure := read_failure(folder):
            failures[seed] = failure
    return Trainings(name, dict(sorted(records.items())), dict(sorted(failures.items())))

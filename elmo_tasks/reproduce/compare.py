"""
The same experiments over several seeds, side by side.

    python -m elmo_tasks.reproduce.compare CONFIG CONFIG... --seeds 3 -o FOLDER
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

_FINISHED = "run.json"


class RunError(RuntimeError):
    """A training did not end well."""


@dataclass(frozen=True)
class Run:
    """
    One training.

    # Parameters

    config : `Path`
    seed : `int`
    folder : `Path`
        AllenNLP's serialization directory.
    """

    config: Path
    seed: int
    folder: Path

    @property
    def is_finished(self) -> bool:
        """Whether the training has ended well, now or in an earlier call."""
        return (self.folder / _FINISHED).exists()

    def metrics(self) -> dict[str, Any]:
        """AllenNLP's metrics.json and `seconds`, the whole training's wall time."""
        metrics = json.loads((self.folder / "metrics.json").read_text(encoding="utf-8"))
        return metrics | json.loads((self.folder / _FINISHED).read_text(encoding="utf-8"))

    def execute(self, threads: int) -> None:
        """`allennlp train` in a process of its own. Raises `RunError` with the end of its log."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        seeds = dict.fromkeys(("random_seed", "numpy_seed", "pytorch_seed"), self.seed)
        command = [sys.executable, "-m", "elmo_tasks", "train", str(self.config), "-s", str(self.folder)]
        command += ["--overrides", json.dumps(seeds), "--file-friendly-logging"]
        log = self.folder.with_suffix(".log")
        start = time.perf_counter()
        with open(log, "w", encoding="utf-8") as output:
            environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
            code = subprocess.run(command, stdout=output, stderr=output, env=environment, check=False).returncode
        if code:
            tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
            raise RunError("\n".join([f"{' '.join(command)}\nended with code {code}; the end of {log}:", *tail]))
        finished = {"seconds": round(time.perf_counter() - start, 1), "threads": threads, "command": command[2:]}
        (self.folder / _FINISHED).write_text(json.dumps(finished, indent=2) + "\n", encoding="utf-8")


def plan(configs: Sequence[str | Path], seeds: int, out: str | Path) -> list[Run]:
    """Every config with every seed, the seeds in the outer order so that early results compare."""
    return [
        Run(Path(config), seed, Path(out) / Path(config).stem / f"seed{seed}")
        for seed in range(1, seeds + 1)
        for config in configs
    ]


def execute(runs: Sequence[Run], jobs: int | None = None) -> None:
    """
    Executes the runs that are not finished, several at a time.

    # Parameters

    runs : `Sequence[Run]`
    jobs : `int | None`
        Trainings at a time; by default one a core, but no more than there are runs.

    # Raises

    `RunError`
        Once the others have ended, where one did not end well.
    """
    cores = os.cpu_count() or 1
    jobs = jobs or max(1, min(cores, len(runs)))
    left = [run for run in runs if not run.is_finished]
    errors = []
    with (
        ThreadPoolExecutor(jobs) as pool,
        tqdm(total=len(runs), initial=len(runs) - len(left), desc="trainings", unit="run") as bar,
    ):
        futures = {pool.submit(run.execute, max(1, cores // jobs)): run for run in left}
        for future in as_completed(futures):
            if error := future.exception():
                errors.append(str(error))
            bar.set_postfix_str(f"{futures[future].config.stem}, seed {futures[future].seed}")
            bar.update()
    if errors:
        raise RunError("\n\n".join(errors))


def mean_and_deviation(values: Sequence[float]) -> str:
    """In points: `"71.23 ± 0.45"`, the sample's standard deviation; without it for one value."""
    mean = f"{100 * statistics.mean(values):.2f}"
    return f"{mean} ± {100 * statistics.stdev(values):.2f}" if len(values) > 1 else mean


def table(runs: Sequence[Run], metric: str) -> str:
    """
    A Markdown table, a row a config: the metric on the development set (of the best epoch) and, where there is one, on
    the test set, over the seeds; the trainings' mean time.
    """
    by_config: dict[Path, list[dict[str, Any]]] = {}
    for run in runs:
        by_config.setdefault(run.config, []).append(run.metrics())
    lines = [f"| config | dev {metric} | test {metric} | seeds | seconds a run |", "|---|---|---|---|---|"]
    for config, results in by_config.items():
        cells = [
            mean_and_deviation([result[name] for result in results]) if name in results[0] else "-"
            for name in (f"best_validation_{metric}", f"test_{metric}")
        ]
        seconds = statistics.mean(result["seconds"] for result in results)
        lines.append(f"| {config.stem} | {cells[0]} | {cells[1]} | {len(results)} | {seconds:.0f} |")
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m elmo_tasks.reproduce.compare", description=__doc__)
    parser.add_argument("configs", nargs="+", help="configs for allennlp train")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each config (default: 3)")
    parser.add_argument("--jobs", type=int, help="trainings at a time (default: one a core)")
    parser.add_argument("--metric", default="f1-measure-overall", help="default: f1-measure-overall")
    parser.add_argument("-o", "--out", required=True, help="folder; what is finished there is not trained again")
    args = parser.parse_args()
    runs = plan(args.configs, args.seeds, args.out)
    try:
        execute(runs, args.jobs)
    except RunError as error:
        sys.exit(str(error))
    print(table(runs, args.metric))


if __name__ == "__main__":
    main()

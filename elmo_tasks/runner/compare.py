"""
Any experiments over several seeds, side by side.

    python -m elmo_tasks.runner.compare CONFIG CONFIG... --seeds 3 -o FOLDER
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from allennlp.common import Params
from allennlp.common.checks import ConfigurationError

from elmo_tasks.files import sha256
from elmo_tasks.runner.comparisons import mean_and_deviation
from elmo_tasks.runner.configs import texts, with_seed
from elmo_tasks.runner.processes import RunError
from elmo_tasks.runner.runs import Record, Run, make_identity
from elmo_tasks.runner.schedule import execute


def plan(configs: Sequence[str | Path], seeds: int, out: str | Path) -> list[Run]:
    """
    Every config with every seed, the seeds in the outer order so that early results compare.

    # Raises

    `ConfigurationError`
        Where a config cannot be read.
    """
    experiments = []
    for path in map(Path, configs):
        if not path.is_file():
            raise ConfigurationError(f"There is no config {path}.")
        config = Params.from_file(str(path)).as_dict(quiet=True)
        names = [text for text in texts(config) if "/" in text and Path(text).is_file()]
        files = {name: sha256(name) for name in dict.fromkeys(names)}
        experiments.append((path.stem, config, files))
    runs = []
    for seed in range(1, seeds + 1):
        for name, config, files in experiments:
            seeded = with_seed(config, seed)
            folder = Path(out) / name / f"seed{seed}"
            runs.append(Run(f"{name}/seed{seed}", folder, seeded, make_identity(seeded, files)))
    return runs


def table(runs: Sequence[Run], metric: str) -> str:
    """
    A Markdown table, a row a config: the metric on the development set (of the best epoch) and, where there is one, on
    the test set, over the seeds; the trainings' mean time.
    """
    by_config: dict[str, list[Record]] = {}
    for run in runs:
        by_config.setdefault(run.folder.parent.name, []).append(run.record())
    lines = [f"| config | dev {metric} | test {metric} | seeds | seconds a run |", "|---|---|---|---|---|"]
    for config, records in by_config.items():
        cells = [
            mean_and_deviation([record["metrics"][name] for record in records])
            if name in records[0]["metrics"]
            else "-"
            for name in (f"best_validation_{metric}", f"test_{metric}")
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
        if failures := execute(runs, args.jobs):
            sys.exit("\n\n".join(failures))
    except (ConfigurationError, RunError) as error:
        sys.exit(str(error))
    print(table(runs, args.metric))


if __name__ == "__main__":
    main()

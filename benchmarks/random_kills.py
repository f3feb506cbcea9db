"""
Trainings, cache fills and dumps, killed at random moments and called again until they are done: is what they end with
the same, to the bit, as that of one that was not killed? Prints a line for each that is done, and the totals; the exit
code is 1 if one differs.

    python -m benchmarks.random_kills FOLDER --kills 50

takes some 15 minutes for 50 kills. What is called:

    tagger   allennlp train, a tagger with ELMo, dropout and shuffling; then allennlp train --recover
    cached   the same, whose biLM keeps its layers on disk, filled in before the first epoch (elmo_fill_cache)
    bilm     elmo-train --size tiny
    runner   a training as elmo-reproduce has it done, in a process of its own; one kill in two takes the parent alone
    dump     elmo, a text's layers
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple

import torch

from benchmarks.inputs import ROOT
from elmo_tasks.bilm import BiLM
from elmo_tasks.configs.importing import evaluate_file
from elmo_tasks.pretraining.train import RECIPES
from elmo_tasks.runner.configs import set_at

_SENTENCES = 60
"""Of the tagger's and the biLM's training data."""

_REPEATED = 20
"""So many times the dump's text has all sentences: it then has five parts."""

_OF_MACHINE = ("duration", "memory", "training_start_epoch", "training_epochs")
"""Metrics with these in their names measure the machine, or the last call only."""

_RUN = """
import json, sys
from pathlib import Path
from elmo_tasks.runner.runs import Run, train
folder = Path(sys.argv[1])
config = json.loads((folder.parent / "tagger.json").read_text())
train(Run("tagger", folder, config, {"config": config}), {}, {})
"""


class Job(NamedTuple):
    """What is killed: how it is called for a folder or file, and what it ends with there, by name."""

    name: str
    call: Callable[[Path], list[str]]
    result: Callable[[Path], dict[str, str]]
    parent_alone: bool = False


class Call(NamedTuple):
    """How a call of a job ended, after how many seconds."""

    code: int
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="new, or of an earlier call; what is in it is deleted")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=16, help="of the moments (default: %(default)s)")
    parser.add_argument("--jobs", nargs="+", help="some of the above (default: all)")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    jobs = [job for job in make_jobs(folder) if job.name in (arguments.jobs or [job.name])]
    raise SystemExit(kill_all(jobs, folder, arguments.kills, random.Random(arguments.seed)))


def kill_all(jobs: list[Job], folder: Path, wanted: int, chance: random.Random) -> bool:
    """Whether anything went wrong."""
    whole = {job.name: run_whole(job, folder / f"{job.name}-whole") for job in jobs}
    kills: Counter[str] = Counter()
    done: Counter[str] = Counter()
    wrong: list[str] = []
    for number, job in enumerate(cycle(jobs)):
        if kills.total() >= wanted:
            break
        place = folder / f"{job.name}-{number}"
        result, seconds = whole[job.name]
        moments = kill_until_done(job, place, seconds, chance)
        kills[job.name] += len(moments)
        done[job.name] += 1
        differing = [name for name, value in job.result(place).items() if value != result[name]]
        if differing:
            wrong.append(place.name)
        else:
            shutil.rmtree(place, ignore_errors=True)
        told = ", ".join(f"{moment:.1f} s" for moment in moments) or "never"
        print(f"{place.name}: killed after {told}: {f'OTHER {differing}' if differing else 'the same'}", flush=True)
    for job in jobs:
        print(f"{job.name}: {kills[job.name]} kills, {done[job.name]} done")
    print(f"{kills.total()} kills; {len(wrong)} of {done.total()} with another result{': ' if wrong else ''}", *wrong)
    return bool(wrong)


def run_whole(job: Job, place: Path) -> tuple[dict[str, str], float]:
    """The result and the seconds of one that is not killed."""
    call = run(job, place)
    if call.code:
        raise SystemExit(f"{job.name} ended with code {call.code}: see {log_of(place)}.")
    print(f"{job.name}: {call.seconds:.1f} s", flush=True)
    return job.result(place), call.seconds


def kill_until_done(job: Job, place: Path, seconds: float, chance: random.Random) -> list[float]:
    """Kills it once, twice or three times, then lets it end; gives after how many seconds it was killed."""
    moments = []
    for _ in range(chance.randint(1, 3)):
        # The first seconds are imports, in which nothing can go wrong.
        call = run(job, place, chance.uniform(0.3, 1.0) * seconds, job.parent_alone and chance.random() < 0.5)
        if call.code == 0:
            return moments
        if call.code != -signal.SIGKILL:
            break
        moments.append(call.seconds)
    else:
        call = run(job, place)
        if call.code == 0:
            return moments
    raise SystemExit(f"{place.name} does not go on after {moments}, code {call.code}: see {log_of(place)}.")


def run(job: Job, place: Path, kill_after: float | None = None, parent_alone: bool = False) -> Call:
    """Calls it once. Its children are killed too, unless the parent alone is to be."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    start = time.perf_counter()
    with open(log_of(place), "a") as log:
        command = [sys.executable, *job.call(place)]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            code = process.wait(kill_after)
        except subprocess.TimeoutExpired:
            process.kill() if parent_alone else os.killpg(process.pid, signal.SIGKILL)
            code = process.wait()
    return Call(code, time.perf_counter() - start)


def log_of(place: Path) -> Path:
    """All that a job's calls for this place have printed."""
    return place.with_name(f"{place.name}.log")


def make_jobs(folder: Path) -> list[Job]:
    """All of them; writes their configs and texts into the folder."""
    write_config(folder / "tagger.json")
    words = (ROOT / "fixtures" / "ner" / "train.txt").read_text(encoding="utf-8")
    sentences = [" ".join(line.split(" ")[0] for line in block.splitlines()) for block in words.split("\n\n")]
    for name, some in (("text", sentences[:_SENTENCES]), ("heldout", sentences[-20:]), ("long", sentences * _REPEATED)):
        (folder / f"{name}.txt").write_text("\n".join(some) + "\n", encoding="utf-8")
    bilm = folder / "tiny"
    bilm.mkdir()
    BiLM(RECIPES["tiny"].options).save(bilm / "options.json", bilm / "weights.hdf5")
    return [
        Job("tagger", lambda run: train_call(folder / "tagger.json", run), training_result),
        Job("cached", lambda run: train_call(cached_config(run), run), training_result),
        Job("bilm", lambda run: bilm_call(folder, run), bilm_result),
        Job("runner", lambda run: ["-c", _RUN, str(run)], runner_result, parent_alone=True),
        Job("dump", lambda output: dump_call(folder, output), lambda output: {"file": digest(output)}),
    ]


def write_config(path: Path, cache: Path | None = None) -> None:
    """The shipped tagger's, on less data."""
    config: dict[str, Any] = json.loads(evaluate_file(str(ROOT / "training_configs" / "ner" / "fixture_elmo.jsonnet")))
    set_at(config, "dataset_reader.max_instances", _SENTENCES)
    set_at(config, "trainer.num_epochs", 8)
    if cache is not None:
        set_at(config, "model.elmo.cache", str(cache))
        set_at(config, "trainer.callbacks", [{"type": "elmo_fill_cache"}])
    path.write_text(json.dumps(config, indent=2), encoding="utf-8")


def cached_config(run: Path) -> Path:
    """Each run has a cache of its own, or there would be nothing to fill."""
    path = run.with_name(f"{run.name}.json")
    write_config(path, run.with_name(f"{run.name}-cache"))
    return path


def train_call(config: Path, run: Path) -> list[str]:
    # Before its config is written a run has not begun.
    how = "--recover" if (run / "config.json").is_file() else "--force"
    return ["-m", "elmo_tasks", "train", str(config), "-s", str(run), how, "--file-friendly-logging"]


def bilm_call(folder: Path, run: Path) -> list[str]:
    text, heldout = str(folder / "text.txt"), str(folder / "heldout.txt")
    arguments = [text, "--heldout", heldout, "-s", str(run), "--size", "tiny", "--passes", "42"]
    return ["-m", "elmo_tasks", "elmo-train", *arguments]


def dump_call(folder: Path, output: Path) -> list[str]:
    return ["-m", "elmo_tasks", "elmo", str(folder / "long.txt"), str(output), "--all", "--bilm", str(folder / "tiny")]


def training_result(run: Path) -> dict[str, str]:
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    metrics = {name: value for name, value in metrics.items() if not any(part in name for part in _OF_MACHINE)}
    # By their values: a file of weights also has the name that it was first written under in it.
    weights = torch.load(run / "best.th", map_location="cpu")
    values = hashlib.sha256(b"".join(weights[name].numpy().tobytes() for name in sorted(weights)))
    return {"metrics": json.dumps(metrics, sort_keys=True), "weights": values.hexdigest()}


def bilm_result(run: Path) -> dict[str, str]:
    files = ("perplexity.json", "bilm/weights.hdf5")
    return training_result(run) | {name: digest(run / name) for name in files}


def runner_result(folder: Path) -> dict[str, str]:
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    said = {name: json.dumps(record[name]) for name in ("epochs", "mixes")}
    return training_result(folder / "run") | said


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()

"""
Trainings, cache fills and dumps, killed at random moments and called again until they are done: is what they end with
the same, to the bit, as that of one that was not killed? Prints a line for each that is done, and the totals; the exit
code is 1 if one differs.

    python -m benchmarks.random_kills FOLDER --kills 50

takes some minutes for 50 kills: the calls are forks of one process that has everything imported, and what they write is
cut into more pieces than usual. What is called:

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
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple

import torch

import elmo_tasks.embedders  # noqa: F401 (AllenNLP and all of ours, once for all calls)
from benchmarks.inputs import ROOT
from elmo_tasks.__main__ import main as run_command
from elmo_tasks.configs.importing import evaluate_file
from elmo_tasks.pretraining import plan
from elmo_tasks.runner.configs import set_at
from elmo_tasks.runner.runs import Run, train
from elmo_tasks.vectors.dump import Dump

_SENTENCES = 60
"""Of the tagger's and the biLM's training data."""

_EPOCH_BATCHES, _PART_TOKENS = 50, 1000
"""Between two checkpoints of `elmo-train`, and between two parts of a dump."""

_OF_MACHINE = ("duration", "memory", "tokens_per_second", "training_start_epoch", "training_epochs")
"""Metrics with these in their names measure the machine, or the last call only."""


class Job(NamedTuple):
    """What is killed: how it is called for a folder or file, and what it ends with there, by name."""

    name: str
    call: Callable[[Path], None]
    result: Callable[[Path], dict[str, str]]
    parent_alone: bool = False


class Ended(NamedTuple):
    """How a call of a job ended, after how many seconds."""

    code: int
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="an empty one, or new; all that the calls write stays there")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=16, help="of the moments (default: %(default)s)")
    parser.add_argument("--jobs", nargs="+", help="some of the above (default: all)")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        parser.error(f"{folder} is not empty")
    # A fork of a process whose threads have begun to compute would hang.
    torch.set_num_threads(1)
    cut_into_pieces()
    jobs = [job for job in make_jobs(folder) if job.name in (arguments.jobs or [job.name])]
    raise SystemExit(kill_all(jobs, folder, arguments.kills, random.Random(arguments.seed)))


def cut_into_pieces() -> None:
    """Has a short training have some checkpoints, and a short text some parts."""
    plan._EPOCH_BATCHES = _EPOCH_BATCHES
    make_dump = Dump.__init__

    def with_small_parts(self: Dump, *arguments: Any, **options: Any) -> None:
        make_dump(self, *arguments, **{**options, "part_tokens": _PART_TOKENS})

    Dump.__init__ = with_small_parts  # type: ignore[method-assign]


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
        expected, seconds = whole[job.name]
        moments, problem = kill_until_done(job, place, seconds, chance)
        if problem is None:
            differing = [name for name, value in job.result(place).items() if value != expected[name]]
            problem = f"OTHER {', '.join(differing)}" if differing else None
        kills[job.name] += len(moments)
        done[job.name] += 1
        wrong += [place.name] if problem else []
        told = ", ".join(f"{moment:.1f}" for moment in moments) or "no"
        print(f"{place.name}: killed after {told} s: {problem or 'the same'}", flush=True)
    for job in jobs:
        print(f"{job.name}: {kills[job.name]} kills, {done[job.name]} done")
    print(f"{kills.total()} kills; {len(wrong)} of {done.total()} with another result{': ' if wrong else ''}", *wrong)
    return bool(wrong)


def run_whole(job: Job, place: Path) -> tuple[dict[str, str], float]:
    """The result and the seconds of one that is not killed."""
    ended = run(job, place)
    if ended.code:
        raise SystemExit(f"{job.name} ended with code {ended.code}: see {log_of(place)}.")
    print(f"{job.name}: {ended.seconds:.1f} s without a kill", flush=True)
    return job.result(place), ended.seconds


def kill_until_done(job: Job, place: Path, seconds: float, chance: random.Random) -> tuple[list[float], str | None]:
    """Kills it up to three times, then lets it end; gives after how many seconds it was killed, and what went wrong."""
    moments: list[float] = []
    for kill in [True] * chance.randint(1, 3) + [False]:
        # Less, as a machine may be less busy than it was.
        moment = chance.uniform(0, 0.8) * seconds if kill else None
        ended = run(job, place, moment, job.parent_alone and chance.random() < 0.5)
        if ended.code == 0:
            break
        if ended.code != -signal.SIGKILL:
            return moments, f"ENDED with code {ended.code}, see {log_of(place)}"
        moments.append(ended.seconds)
    return moments, None


def run(job: Job, place: Path, kill_after: float | None = None, parent_alone: bool = False) -> Ended:
    """Calls it once. Its children are killed too, unless the parent alone is to be."""
    start = time.monotonic()
    process = os.fork()
    if not process:
        call_in_child(job, place)
    # In the child too: who comes first is not known.
    os.setpgid(process, process)
    while True:
        ended, status = os.waitpid(process, os.WNOHANG)
        seconds = time.monotonic() - start
        if ended:
            return Ended(os.waitstatus_to_exitcode(status), seconds)
        if kill_after is not None and seconds > kill_after:
            os.kill(process, signal.SIGKILL) if parent_alone else os.killpg(process, signal.SIGKILL)
            kill_after = None
        time.sleep(0.002)


def call_in_child(job: Job, place: Path) -> None:
    """Calls it, in a process group of its own, and ends the process."""
    code = 70
    try:
        os.setpgid(0, 0)
        log = os.open(log_of(place), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        job.call(place)
        code = 0
    except SystemExit as ended:
        print(ended, file=sys.stderr)
        code = 1 if ended.code else 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def log_of(place: Path) -> Path:
    """All that a job's calls for this place have printed."""
    return place.with_name(f"{place.name}.log")


def make_jobs(folder: Path) -> list[Job]:
    """All of them; writes their configs and texts into the folder."""
    write_config(folder / "tagger.json")
    words = (ROOT / "fixtures" / "ner" / "train.txt").read_text(encoding="utf-8")
    sentences = [" ".join(line.split(" ")[0] for line in block.splitlines()) for block in words.split("\n\n")]
    for name, some in (("text", sentences[:_SENTENCES]), ("heldout", sentences[-20:]), ("long", sentences)):
        (folder / f"{name}.txt").write_text("\n".join(some) + "\n", encoding="utf-8")
    return [
        Job("tagger", lambda run: call_train(folder / "tagger.json", run), training_result),
        Job("cached", lambda run: call_train(cached_config(run), run), training_result),
        Job("bilm", lambda run: call_elmo_train(folder, run), bilm_result),
        Job("runner", lambda run: call_runner(folder / "tagger.json", run), runner_result, parent_alone=True),
        Job("dump", lambda output: call_elmo(folder / "long.txt", output), lambda output: {"file": digest(output)}),
    ]


def write_config(path: Path, cache: Path | None = None) -> None:
    """The shipped tagger's, on less data."""
    config: dict[str, Any] = json.loads(evaluate_file(str(ROOT / "training_configs" / "ner" / "fixture_elmo.jsonnet")))
    for split in ("train", "validation", "test"):
        config[f"{split}_data_path"] = str(ROOT / config[f"{split}_data_path"])
    set_at(config, "dataset_reader.max_instances", _SENTENCES)
    set_at(config, "trainer.num_epochs", 4)
    if cache is not None:
        set_at(config, "model.elmo.cache", str(cache))
        set_at(config, "trainer.callbacks", [{"type": "elmo_fill_cache"}])
    path.write_text(json.dumps(config, indent=2), encoding="utf-8")


def cached_config(run: Path) -> Path:
    """Each run has a cache of its own, or there would be nothing to fill."""
    path = run.with_name(f"{run.name}.json")
    write_config(path, run.with_name(f"{run.name}-cache"))
    return path


def call(*arguments: object) -> None:
    sys.argv = ["elmo-tasks", *map(str, arguments)]
    run_command()


def call_train(config: Path, run: Path) -> None:
    # Before its config is written a run has not begun.
    how = "--recover" if (run / "config.json").is_file() else "--force"
    call("train", config, "-s", run, how, "--file-friendly-logging")


def call_elmo_train(folder: Path, run: Path) -> None:
    text, heldout = folder / "text.txt", folder / "heldout.txt"
    call("elmo-train", text, "--heldout", heldout, "-s", run, "--size", "tiny", "--passes", "4")


def call_runner(config: Path, folder: Path) -> None:
    content = json.loads(config.read_text(encoding="utf-8"))
    train(Run("tagger", folder, content, {"config": content}), {}, {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"})


def call_elmo(text: Path, output: Path) -> None:
    call("elmo", text, output, "--all", "--bilm", "mini")


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
    """Of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()

"""
One training, or another run of a config that ends with metrics: its folder, whether it is done, and how it is done.

A run's folder holds `config.json`, AllenNLP's serialization directory `run`, its output `log.txt`, and at the end
`record.json`: the metrics, and what they were got with. A run with a record is done. It is what a kill in the middle
leaves that makes the rest: a run without a record goes on from its checkpoint, or begins anew. What it could not go on
with is then in `run.before`.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import UnionType
from typing import IO, Any

from allennlp.common.checks import ConfigurationError
from allennlp.models.archival import CONFIG_NAME

from elmo_tasks.archives.tar import is_whole
from elmo_tasks.files import read_object, writing
from elmo_tasks.mixes import TrainedMix, read_mixes
from elmo_tasks.resuming import drop_torn_checkpoints
from elmo_tasks.runner.configs import flat
from elmo_tasks.runner.processes import Processes, RunError, Stopped

Record = dict[str, Any]

_Start = dict[str, dict[str, Any]]
"""What a process is started with: its `environment`, and its `variables`."""

_LOG_LINES = 15

# From there on an exit code, as shells have it, says which signal has ended a process.
_SIGNALS = 128

_STATES = ("training_state_*.th", "model_state_*.th")
"""The two files of each checkpoint."""

_RECORD_FIELDS: dict[str, type] = {
    **dict.fromkeys(("metrics", "identity", "environment", "variables"), dict),
    **dict.fromkeys(("epochs", "mixes"), list),
    "recovered": bool,
}
"""Those that a record cannot be without, and their types."""


@dataclass(frozen=True)
class Run:
    """
    One training, or another run of a config.

    # Parameters

    name : `str`
        Such as `"snli/elmo/seed1"`.
    folder : `Path`
    config : `dict[str, Any]`
        For `elmo-tasks train`, or for `module`.
    identity : `dict[str, Any]`
        What the result depends on: the config with paths that mean the same on every machine, the digests of the files
        it reads, and the module; see `make_identity`.
    module : `str | None`
        None for `elmo-tasks train`. Another is called as `python -m MODULE CONFIG -s FOLDER`; it makes the folder, and
        writes metrics.json there when all else is done, whole or not at all (see `elmo_tasks.files.writing`).
    """

    name: str
    folder: Path
    config: dict[str, Any]
    identity: dict[str, Any]
    module: str | None = None

    @property
    def digest(self) -> str:
        """Of the identity; runs with the same one are the same run."""
        return hashlib.sha256(json.dumps(self.identity, sort_keys=True).encode()).hexdigest()

    @property
    def serialization_dir(self) -> Path:
        """AllenNLP's."""
        return self.folder / "run"

    @property
    def set_aside(self) -> Path:
        """The serialization directory that could not be gone on with, where there was one."""
        return self.folder / "run.before"

    @property
    def config_file(self) -> Path:
        """What `elmo-tasks train` is given."""
        return self.folder / "config.json"

    @property
    def log(self) -> Path:
        """All that the training has printed."""
        return self.folder / "log.txt"

    @property
    def recovered_mark(self) -> Path:
        """A file that is there where the training was killed and went on. It goes with the training's folder."""
        return self.serialization_dir / "recovered"

    @property
    def starts_file(self) -> Path:
        """The environment and the variables of each process that the training took, the last one's last."""
        return self.folder / "starts.json"

    @property
    def _digest_file(self) -> Path:
        return self.folder / "digest.txt"

    @property
    def is_done(self) -> bool:
        """Whether the training has ended well, in this call or an earlier one."""
        return record_path(self.folder).exists()

    @property
    def is_begun(self) -> bool:
        """Whether there is a part of this very training to go on with."""
        return self._digest_file.is_file() and self._digest_file.read_text(encoding="utf-8") == self.digest

    @property
    def progress(self) -> float:
        """How much is done, 0..1, by epochs; it may end early."""
        epochs = self.config.get("trainer", {}).get("num_epochs", 1)
        return 1.0 if self.is_done else min(1.0, sum(1 for _ in self._epoch_files()) / epochs)

    def record(self) -> Record:
        """Of a run that is done."""
        return read_record(self.folder)

    def differences(self) -> list[str]:
        """The fields in which a run that stands in this one's folder differs; empty where none does."""
        before, now = flat(self.record()["identity"]), flat(self.identity)
        return [
            f"{name}: {before.get(name)!r}, now {now.get(name)!r}"
            for name in sorted(before.keys() | now.keys())
            # Earlier versions wrote fewer of a config's files into a record.
            if before.get(name) != now.get(name) and (name in before or not name.startswith("files."))
        ]

    def command(self, recover: bool = False) -> list[str]:
        """The arguments of `elmo-tasks`; those of `python` where a module runs the config."""
        if self.module:
            return ["-m", self.module, str(self.config_file), "-s", str(self.serialization_dir)]
        command = ["train", str(self.config_file), "-s", str(self.serialization_dir), "--file-friendly-logging"]
        return [*command, "--recover"] if recover else command

    def prepare(self) -> None:
        """Takes away what another training has left, a checkpoint to `set_aside`, and writes the config."""
        if not self.is_begun:
            if self.has_checkpoint():
                self.put_aside()
            shutil.rmtree(self.serialization_dir, ignore_errors=True)
            self.log.unlink(missing_ok=True)
        failure_path(self.folder).unlink(missing_ok=True)
        _write_json(self.config_file, self.config)
        with writing(self._digest_file) as temporary:
            temporary.write_text(self.digest, encoding="utf-8")

    def put_aside(self) -> None:
        """Moves the serialization directory to where it is out of the way, in the place of an older one."""
        shutil.rmtree(self.set_aside, ignore_errors=True)
        self.serialization_dir.rename(self.set_aside)

    def has_checkpoint(self) -> bool:
        """Whether AllenNLP can recover."""
        return next(self.serialization_dir.glob("training_state_*.th"), None) is not None

    def is_trained(self) -> bool:
        """Whether AllenNLP has ended, and its archive is whole; or another module has written its metrics."""
        has_metrics = (self.serialization_dir / "metrics.json").is_file()
        return has_metrics and (self.module is not None or is_whole(self.serialization_dir / "model.tar.gz"))

    def epochs(self) -> list[float | None]:
        """The metric that chooses the model, on the development set, after each epoch; None where it is not one."""
        metric = self.config.get("trainer", {}).get("validation_metric", "-loss")[1:]
        files = sorted(self._epoch_files(), key=lambda path: int(path.stem.rpartition("_")[2]))
        return [_read(path).get(f"validation_{metric}") for path in files]

    def mixes(self) -> list[TrainedMix]:
        """What the mixes of layers have learned; none without ELMo."""
        try:
            return read_mixes(self.serialization_dir)
        except ConfigurationError:
            return []

    def _epoch_files(self) -> Iterator[Path]:
        return self.serialization_dir.glob("metrics_epoch_*.json")


def make_identity(config: Mapping[str, Any], files: Mapping[str, str], module: str | None = None) -> dict[str, Any]:
    """A run's identity: its config as it is on every machine, the digests of its files by name, and its module."""
    identity: dict[str, Any] = {"config": dict(config), "files": dict(files)}
    # A training's is as it was before there were others, so that its records stay valid.
    return identity | ({"module": module} if module else {})


def record_path(folder: Path) -> Path:
    """A run's record."""
    return folder / "record.json"


def failure_path(folder: Path) -> Path:
    """What is known of a run that has failed."""
    return folder / "failure.json"


def read_record(folder: Path) -> Record:
    """Raises `RunError` where the record is damaged."""
    return _read(record_path(folder), **_RECORD_FIELDS)


def read_failure(folder: Path) -> str | None:
    """Why a run has failed, where it has."""
    path = failure_path(folder)
    return str(_read(path, message=str)["message"]) if path.exists() else None


def train(
    run: Run, environment: Mapping[str, Any], variables: Mapping[str, str], processes: Processes | None = None
) -> None:
    """
    Does a run, unless it is done: goes on from its checkpoint where there is one.

    Where AllenNLP refuses to, the folder `run` is moved to `run.before`, in the place of an older one, and the training
    begins anew. It counts as refused where the training fails before it has ended an epoch or written a checkpoint. One
    that fails later, or that a signal has ended, stays as it is, for the next call to go on with.

    # Parameters

    run : `Run`
    environment : `Mapping[str, Any]`
        For the record, see `environment.describe`.
    variables : `Mapping[str, str]`
        Environment variables, such as the number of threads.
    processes : `Processes | None`
        By which the training can be stopped.

    # Raises

    `RunError`
        With the end of the log.
    """
    processes = processes or Processes()
    run.folder.mkdir(parents=True, exist_ok=True)
    with _locked(run, processes) as lock:
        if run.is_done:
            return
        run.prepare()
        drop_torn_checkpoints(run.serialization_dir)
        recover = run.has_checkpoint()
        before = _progress(run)
        start = {"environment": dict(environment), "variables": dict(variables)}
        outcome = None if run.is_trained() else _train(run, recover, start, processes, lock)
        has_failed = outcome is not None and 0 < outcome["code"] < _SIGNALS and not processes.stopping.is_set()
        if has_failed and recover and _progress(run) <= before:
            # A checkpoint that AllenNLP cannot read, or one behind the last epoch.
            run.put_aside()
            outcome = _train(run, False, start, processes, lock)
        if outcome and outcome["code"]:
            message = _failure_message(run, outcome["code"])
            _write_json(failure_path(run.folder), {"code": outcome["code"], "message": message})
            raise RunError(message)
        _write_json(record_path(run.folder), _make_record(run, outcome or {}, _starts(run) or [start]))
        _remove_training_states(run)


def _progress(run: Run) -> set[tuple[str, int]]:
    """The files of the epochs and checkpoints so far, and when each was written: a training that goes on adds some."""
    patterns = ("metrics_epoch_*.json", *_STATES)
    files = [path for pattern in patterns for path in run.serialization_dir.glob(pattern)]
    return {(path.name, path.stat().st_mtime_ns) for path in files}


def _starts(run: Run) -> list[_Start]:
    """None where an earlier version has started the training."""
    starts: list[_Start] = _read(run.starts_file, starts=list)["starts"] if run.starts_file.exists() else []
    return starts


def _train(run: Run, recover: bool, start: _Start, processes: Processes, lock: IO[str]) -> dict[str, Any]:
    """Trains in a process of its own: its exit code, wall and processor seconds, peak memory in MB."""
    if recover:
        run.recovered_mark.touch()
        # It is this very training, if from another folder of data; AllenNLP wants it spelled the same too.
        _write_json(run.serialization_dir / CONFIG_NAME, run.config)
    else:
        shutil.rmtree(run.serialization_dir, ignore_errors=True)
    # AllenNLP archives what there is when it is interrupted.
    (run.serialization_dir / "model.tar.gz").unlink(missing_ok=True)
    # Before it starts: it may outlive this call, and another one writes the record.
    earlier = [one for one in _starts(run) if one != start] if recover else []
    _write_json(run.starts_file, {"starts": [*earlier, start]})
    begin = time.perf_counter()
    with open(run.log, "a", encoding="utf-8") as output:
        process = processes.start(
            [sys.executable, *([] if run.module else ["-m", "elmo_tasks"]), *run.command(recover)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | start["variables"],
            # While the training lives the lock is held, also if this process is killed.
            pass_fds=[lock.fileno()],
        )
        outcome = processes.wait(process)
    return {
        "code": outcome.code,
        "seconds": round(time.perf_counter() - begin, 1),
        "cpu_seconds": round(outcome.cpu_seconds, 1),
        "peak_memory_mb": round(outcome.peak_memory_mb),
    }


def _make_record(run: Run, outcome: Mapping[str, Any], starts: Sequence[_Start]) -> Record:
    *earlier, last = starts
    return {
        "run": run.name,
        "digest": run.digest,
        # None where the call that began the training was killed, and the training was not.
        "seconds": outcome.get("seconds"),
        "cpu_seconds": outcome.get("cpu_seconds"),
        "peak_memory_mb": outcome.get("peak_memory_mb"),
        # The seconds are then those since the last checkpoint.
        "recovered": run.recovered_mark.exists(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        # As from the run's own folder: a record may be published, and the folder moved.
        "command": [part.removeprefix(f"{run.folder}/") for part in run.command()],
        "variables": last["variables"],
        "environment": last["environment"],
        # Of a recovered training, as far as the processes before the last one had others.
        "earlier": earlier,
        "metrics": _read(run.serialization_dir / "metrics.json"),
        "epochs": run.epochs(),
        "mixes": [mix._asdict() for mix in run.mixes()],
        "identity": run.identity,
    }


def _remove_training_states(run: Run) -> None:
    """They are for going on with a training, and large."""
    for folder in (run.serialization_dir, run.set_aside):
        for pattern in _STATES:
            for path in folder.glob(pattern):
                path.unlink()


def _failure_message(run: Run, code: int) -> str:
    lines = run.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]
    return "\n".join([f"{run.name} ended with code {code}; the end of {run.log}:", *(f"    {line}" for line in lines)])


@contextmanager
def _locked(run: Run, processes: Processes) -> Iterator[IO[str]]:
    """Waits while another call, or a training that such a call has left behind, is at this run."""
    import fcntl

    with open(run.folder / "lock", "w", encoding="utf-8") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if processes.stopping.wait(1.0):
                    raise Stopped("stopped") from None
        yield lock


def _read(path: Path, **fields: type | UnionType) -> Record:
    try:
        return read_object(path, RunError, **fields)
    except RunError as error:
        raise RunError(f"{error} Remove it.") from None


def _write_json(path: Path, value: Any) -> None:
    with writing(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

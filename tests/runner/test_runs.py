"""A stand-in takes the place of `elmo-tasks train`: it starts in no time, and fails as it is told to."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from elmo_tasks.runner.processes import Processes, RunError, Stopped
from elmo_tasks.runner.runs import Run, failure_path, make_identity, read_failure, record_path, train
from elmo_tasks.runner.schedule import check_done, duration, execute, make_slots

STAND_IN = '''#!{python} -S
"""As `-m elmo_tasks train CONFIG -s FOLDER --file-friendly-logging [--recover]`, and `-m probe CONFIG -s FOLDER`."""
import json, os, pathlib, sys, tarfile, time

is_probe = sys.argv[1:3] == ["-m", "probe"]
arguments = sys.argv[3:] if is_probe else sys.argv[4:]
config = json.load(open(arguments[0]))
folder = pathlib.Path(arguments[2])
recover = "--recover" in arguments
mode = config.get("mode")
if is_probe:
    print("probes", flush=True)
    folder.mkdir(parents=True)
    (folder / "half").write_text("")
    once = folder.parent / "begun"
    if mode == "killed" and not once.exists():
        once.write_text("")
        time.sleep(600)
    (folder / "metrics.json").write_text(json.dumps({{"test_f1": 0.25}}))
    sys.exit()
print("begins", "recover" if recover else "anew", flush=True)
if not recover:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
elif json.loads((folder / "config.json").read_text()) != config:
    sys.exit("this is another config")
elif mode == "bad checkpoint":
    sys.exit("the checkpoint is damaged")
elif mode == "killed by a signal":
    os.kill(os.getpid(), 9)
elif mode == "ended by a signal":
    sys.exit(128 + 15)
for epoch in range(2 if recover else 0, config["trainer"]["num_epochs"]):
    if recover and mode == "nan loss":
        (folder / "training_state_e2_b9.th").write_text("state")
        sys.exit("nan loss encountered")
    (folder / f"metrics_epoch_{{epoch}}.json").write_text(json.dumps({{"validation_f1-measure-overall": epoch / 10}}))
    if epoch == 1 and not recover:
        (folder / "training_state_e1_b0.th").write_text("state")
        if mode not in (None, "fails"):
            time.sleep(600)
        if mode == "fails":
            print("the last words")
            sys.exit(3)
    if recover and mode == "full disk":
        sys.exit("No space left on device")
(folder / "metrics.json").write_text(json.dumps({{"best_validation_f1-measure-overall": 0.3,
    "threads": os.environ["OMP_NUM_THREADS"]}}))
with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
    archive.add(folder / "config.json", "config.json")
'''

VARIABLES = {"OMP_NUM_THREADS": "1"}


@pytest.fixture(autouse=True)
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "python"
    script.write_text(STAND_IN.format(python=sys.executable))
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))


@pytest.fixture
def of_mode(make_run: Callable[..., Run]) -> Callable[..., Run]:
    def make(mode: str | None = None, name: str = "task/elmo/seed1", epochs: int = 4) -> Run:
        trainer = {"num_epochs": epochs, "validation_metric": "+f1-measure-overall"}
        return make_run(name, config={"mode": mode, "trainer": trainer})

    return make


class Background:
    """Trains in a thread, until it is told to stop."""

    def __init__(self, run: Run) -> None:
        self._run, self._processes = run, Processes()
        self._errors: list[BaseException] = []
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self) -> None:
        try:
            train(self._run, {}, VARIABLES, self._processes)
        except RunError as error:
            self._errors.append(error)

    def stop(self) -> None:
        self._processes.stop()
        self._thread.join()
        assert isinstance(self._errors[0], Stopped)


def processor_seconds() -> float:
    """Of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 600
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def kill_in_the_middle(run: Run) -> None:
    background = Background(run)
    wait_for(run.has_checkpoint)
    background.stop()


def test_a_training_leaves_its_record(of_mode: Callable[..., Run]) -> None:
    run = of_mode()
    assert not run.is_done
    assert run.progress == 0
    start, used = time.perf_counter(), processor_seconds()
    train(run, {"torch": "2"}, VARIABLES)
    seconds, used = time.perf_counter() - start, processor_seconds() - used
    record = run.record()
    assert run.is_done
    assert run.progress == 1
    assert record["metrics"] == {"best_validation_f1-measure-overall": 0.3, "threads": "1"}
    assert record["epochs"] == [0, 0.1, 0.2, 0.3]
    assert record["digest"] == run.digest
    assert record["environment"] == {"torch": "2"}
    assert 0 <= record["seconds"] <= seconds + 0.05
    assert record["cpu_seconds"] == pytest.approx(used, abs=0.05)
    assert record["peak_memory_mb"] > 1
    assert not record["recovered"]
    assert record["mixes"] == []
    # Training states are removed, the archive is not.
    assert not run.has_checkpoint()
    assert (run.serialization_dir / "model.tar.gz").exists()
    assert json.loads(run.config_file.read_text()) == run.config


def test_what_is_done_is_not_done_again(of_mode: Callable[..., Run]) -> None:
    run = of_mode()
    train(run, {}, VARIABLES)
    before = record_path(run.folder).read_bytes()
    log = run.log.read_text()
    train(run, {}, VARIABLES)
    assert record_path(run.folder).read_bytes() == before
    assert run.log.read_text() == log == "begins anew\n"


def test_a_killed_training_goes_on_from_its_checkpoint(of_mode: Callable[..., Run]) -> None:
    run = of_mode("killed")
    kill_in_the_middle(run)
    assert not run.is_done
    assert run.is_begun
    assert read_failure(run.folder) is None
    train(run, {}, VARIABLES)
    assert run.log.read_text() == "begins anew\nbegins recover\n"
    assert run.record()["recovered"]


def test_without_a_checkpoint_it_begins_anew(of_mode: Callable[..., Run]) -> None:
    run = of_mode("killed")
    kill_in_the_middle(run)
    (run.serialization_dir / "training_state_e1_b0.th").unlink()
    other = of_mode("killed")
    kill_in_the_middle(other)
    assert other.log.read_text() == "begins anew\n" * 2


def test_a_checkpoint_of_another_config_is_not_gone_on_with(of_mode: Callable[..., Run]) -> None:
    kill_in_the_middle(of_mode("killed"))
    run = of_mode(epochs=3)
    train(run, {}, VARIABLES)
    assert run.log.read_text() == "begins anew\n"
    assert run.record()["epochs"] == [0, 0.1, 0.2]


def test_a_damaged_checkpoint_means_anew(of_mode: Callable[..., Run]) -> None:
    run = of_mode("bad checkpoint")
    kill_in_the_middle(run)
    background = Background(run)
    wait_for(lambda: run.has_checkpoint() and "anew" in run.log.read_text().partition("damaged")[2])
    background.stop()
    assert run.log.read_text().splitlines() == [
        "begins anew",
        "begins recover",
        "the checkpoint is damaged",
        "begins anew",
    ]
    assert {path.name for path in run.set_aside.iterdir()} >= {"training_state_e1_b0.th", "metrics_epoch_1.json"}


def test_the_same_run_with_its_data_elsewhere_goes_on(make_run: Callable[..., Run]) -> None:
    """Its identity is the same; AllenNLP compares the config with that of the folder."""
    run = make_run(config={"mode": "killed", "train_data_path": "data/train.txt", "trainer": {"num_epochs": 4}})
    kill_in_the_middle(run)
    moved = replace(run, config=run.config | {"train_data_path": "/elsewhere/train.txt"})
    train(moved, {}, VARIABLES)
    assert run.log.read_text() == "begins anew\nbegins recover\n"
    assert not run.set_aside.exists()


@pytest.mark.parametrize(("mode", "code"), [("killed by a signal", -9), ("ended by a signal", 143)])
def test_a_resumed_training_that_a_signal_ends_keeps_its_checkpoint(
    mode: str, code: int, of_mode: Callable[..., Run]
) -> None:
    run = of_mode(mode)
    kill_in_the_middle(run)
    with pytest.raises(RunError, match=f"ended with code {code}"):
        train(run, {}, VARIABLES)
    assert run.log.read_text() == "begins anew\nbegins recover\n"
    assert run.has_checkpoint()
    assert not run.set_aside.exists()


@pytest.mark.parametrize(("mode", "last"), [("nan loss", "encountered"), ("full disk", "left on device")])
def test_a_resumed_training_that_fails_later_keeps_its_progress(
    mode: str, last: str, of_mode: Callable[..., Run]
) -> None:
    """After another checkpoint, or after another epoch whose checkpoint finds no room."""
    run = of_mode(mode)
    kill_in_the_middle(run)
    # What an earlier call has put aside is kept too.
    (run.set_aside / "older").mkdir(parents=True)
    for _ in range(2):
        with pytest.raises(RunError, match=f"ended with code 1(.|\n)*{last}$"):
            train(run, {}, VARIABLES)
    assert "begins anew" not in run.log.read_text().partition("recover")[2]
    assert run.has_checkpoint()
    assert (run.set_aside / "older").exists()


def test_a_training_that_outlived_its_call_is_only_recorded(of_mode: Callable[..., Run]) -> None:
    run = of_mode()
    train(run, {}, VARIABLES)
    record_path(run.folder).unlink()
    train(run, {}, VARIABLES)
    assert run.log.read_text() == "begins anew\n"
    assert run.record()["seconds"] is None
    assert run.record()["metrics"]["best_validation_f1-measure-overall"] == 0.3


def test_a_record_says_what_the_training_had_and_not_the_call_that_records_it(of_mode: Callable[..., Run]) -> None:
    run = of_mode()
    others = {"torch": "3"}, {"OMP_NUM_THREADS": "8"}
    train(run, {"torch": "2"}, VARIABLES)
    record_path(run.folder).unlink()
    train(run, *others)
    record = run.record()
    assert (record["environment"], record["variables"], record["earlier"]) == ({"torch": "2"}, VARIABLES, [])
    record_path(run.folder).unlink()
    # An earlier version has not written it.
    run.starts_file.unlink()
    train(run, *others)
    assert (run.record()["environment"], run.record()["variables"]) == others


@pytest.mark.parametrize("is_other", [True, False])
def test_a_record_of_a_resumed_training_says_what_it_had_before(is_other: bool, of_mode: Callable[..., Run]) -> None:
    run = of_mode("killed")
    kill_in_the_middle(run)
    now = {"OMP_NUM_THREADS": "2"} if is_other else VARIABLES
    train(run, {}, now)
    assert run.record()["variables"] == now
    assert run.record()["earlier"] == ([{"environment": {}, "variables": VARIABLES}] if is_other else [])


@pytest.mark.parametrize("killed", [False, True])
def test_whether_a_training_that_outlived_its_call_was_recovered(killed: bool, of_mode: Callable[..., Run]) -> None:
    """It has checkpoints in any case: this call takes them away, the one that was killed had no time to."""
    run = of_mode("killed" if killed else None)
    if killed:
        kill_in_the_middle(run)
    train(run, {}, VARIABLES)
    record_path(run.folder).unlink()
    (run.serialization_dir / "training_state_e1_b0.th").write_text("state")
    train(run, {}, VARIABLES)
    assert run.record()["seconds"] is None
    assert run.record()["recovered"] is killed


@pytest.mark.parametrize("damage", ["a flipped bit", "a cut"])
def test_a_damaged_archive_is_made_again(damage: str, of_mode: Callable[..., Run]) -> None:
    run = of_mode()
    train(run, {}, VARIABLES)
    record_path(run.folder).unlink()
    archive = run.serialization_dir / "model.tar.gz"
    content = archive.read_bytes()
    # The check sum is in the last eight bytes.
    archive.write_bytes(content[:-1] if damage == "a cut" else content[:-6] + bytes([content[-6] ^ 1]) + content[-5:])
    train(run, {}, VARIABLES)
    assert run.log.read_text() == "begins anew\n" * 2


def test_a_cut_archive_is_made_again(of_mode: Callable[..., Run]) -> None:
    run = of_mode()
    train(run, {}, VARIABLES)
    record_path(run.folder).unlink()
    archive = run.serialization_dir / "model.tar.gz"
    archive.write_bytes(archive.read_bytes()[:40])
    train(run, {}, VARIABLES)
    assert run.log.read_text() == "begins anew\n" * 2
    assert run.is_trained()


def test_a_failure_says_how_the_log_ends(of_mode: Callable[..., Run]) -> None:
    run = of_mode("fails")
    with pytest.raises(RunError, match="ended with code 3") as raised:
        train(run, {}, VARIABLES)
    assert str(raised.value).endswith("    the last words")
    assert read_failure(run.folder) == str(raised.value)
    assert not run.is_done
    train(of_mode(), {}, VARIABLES)
    assert not failure_path(run.folder).exists()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A shell has its background commands ignore SIGINT, and what they start inherits that."""
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, inherited)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(("number", "error"), [(signal.SIGTERM, SystemExit), (signal.SIGINT, KeyboardInterrupt)])
def test_a_signal_ends_the_trainings_too(
    of_mode: Callable[..., Run], number: signal.Signals, error: type[BaseException]
) -> None:
    run = of_mode("killed")

    def send() -> None:
        wait_for(run.has_checkpoint)
        os.kill(os.getpid(), number)

    before = signal.getsignal(signal.SIGTERM)
    sender = threading.Thread(target=send)
    sender.start()
    start = time.monotonic()
    with pytest.raises(error):
        execute([run])
    sender.join()
    assert signal.getsignal(signal.SIGTERM) == before
    assert not run.is_done
    assert execute([run]) == []
    assert run.record()["recovered"]
    # Not waited for: left alone, the training would have slept on.
    assert time.monotonic() - start < 500


def test_one_failure_does_not_stop_the_rest(of_mode: Callable[..., Run], capsys: pytest.CaptureFixture[str]) -> None:
    runs = [of_mode("fails", "a/elmo/seed1"), *(of_mode(None, f"a/elmo/seed{seed}") for seed in (2, 3, 4))]
    failures = execute(runs, jobs=2)
    assert len(failures) == 1
    assert "a/elmo/seed1 ended with code 3" in failures[0]
    assert [run.is_done for run in runs] == [False, True, True, True]
    lines = capsys.readouterr().err
    assert "a/elmo/seed1: failed" in lines
    assert "[4/4]" in lines
    assert execute(runs[1:]) == []


def test_a_terminal_shows_what_runs(
    of_mode: Callable[..., Run], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr("elmo_tasks.runner.schedule._TICK", 0.01)
    execute([of_mode("fails", "a/elmo/seed1"), of_mode(None, "a/elmo/seed2"), of_mode(None, "a/elmo/seed3")], jobs=1)
    shown = capsys.readouterr().err
    assert "of 3 runs" in shown
    assert re.search(r"\| a/elmo/seed\d \d+%", shown)
    assert re.search(r"1 left, 1 failed, about \d+ s to go", shown)
    assert "3.0 of 3 runs" in shown


def test_a_record_of_another_config_is_noticed(of_mode: Callable[..., Run]) -> None:
    train(of_mode(), {}, VARIABLES)
    run = of_mode(epochs=9)
    with pytest.raises(RunError, match=r"config\.trainer\.num_epochs: 4, now 9") as raised:
        execute([run])
    assert "Remove these folders" in str(raised.value)
    check_done([of_mode()])


def test_a_damaged_record(of_mode: Callable[..., Run]) -> None:
    run = of_mode()
    train(run, {}, VARIABLES)
    record_path(run.folder).write_text("{")
    with pytest.raises(RunError, match=r"record\.json is damaged"):
        check_done([run])


def test_two_calls_do_not_train_the_same_run(of_mode: Callable[..., Run]) -> None:
    run = of_mode("killed")
    first = Background(run)
    wait_for(run.has_checkpoint)
    second = Background(run)
    time.sleep(0.2)
    assert run.log.read_text() == "begins anew\n"
    second.stop()
    first.stop()
    assert run.log.read_text() == "begins anew\n"


def test_a_training_whose_call_was_killed_is_waited_for(of_mode: Callable[..., Run]) -> None:
    import fcntl

    run = of_mode("killed")
    run.folder.mkdir(parents=True)
    with open(run.folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        orphan = subprocess.Popen(["sleep", "600"], pass_fds=[lock.fileno()])
    background = Background(run)
    time.sleep(0.2)
    assert not run.log.exists()
    os.kill(orphan.pid, signal.SIGKILL)
    orphan.wait()
    wait_for(run.has_checkpoint)
    background.stop()


def test_a_run_need_not_be_a_training(make_run: Callable[..., Run]) -> None:
    """It is killed, begins anew, leaves a record of the same form, and is not done again."""
    run = replace(make_run(config={"mode": "killed"}), module="probe")
    background = Background(run)
    wait_for((run.serialization_dir / "half").exists)
    background.stop()
    assert not run.is_done
    assert not run.is_trained()
    assert execute([run]) == []
    assert execute([run]) == []
    assert run.log.read_text() == "probes\nprobes\n"
    record = run.record()
    assert record["metrics"] == {"test_f1": 0.25}
    assert record["command"] == ["-m", "probe", "config.json", "-s", "run"]
    assert (record["epochs"], record["mixes"], record["recovered"]) == ([], [], False)
    assert record.keys() == trained_record(make_run).keys()


def trained_record(make_run: Callable[..., Run]) -> dict[str, object]:
    run = make_run("task/elmo/seed2")
    train(run, {}, VARIABLES)
    return run.record()


def test_the_module_is_a_part_of_the_identity_of_what_is_no_training() -> None:
    assert make_identity({"a": 1}, {}) == {"config": {"a": 1}, "files": {}}
    assert make_identity({"a": 1}, {}, "probe") == {"config": {"a": 1}, "files": {}, "module": "probe"}


def test_slots_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("elmo_tasks.runner.schedule.usable_cores", lambda: 8)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    assert [slot["OMP_NUM_THREADS"] for slot in make_slots(None, 20)] == ["1"] * 8
    assert [slot["OMP_NUM_THREADS"] for slot in make_slots(2, 20)] == ["4", "4"]
    assert [slot["OMP_NUM_THREADS"] for slot in make_slots(8, 1)] == ["8"]
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    assert [slot["OMP_WAIT_POLICY"] for slot in make_slots(2, 20)] == ["PASSIVE", "PASSIVE"]
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    assert [slot["OMP_WAIT_POLICY"] for slot in make_slots(2, 20)] == ["ACTIVE", "ACTIVE"]


def test_slots_share_the_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert [slot["CUDA_VISIBLE_DEVICES"] for slot in make_slots(3, 20)] == ["0", "1", "0"]
    assert len(make_slots(None, 20)) == 2
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    assert [slot["CUDA_VISIBLE_DEVICES"] for slot in make_slots(None, 20)] == ["4", "7"]


def test_durations() -> None:
    assert [duration(seconds) for seconds in (5.4, 99, 600, 7200)] == ["5 s", "99 s", "10 min", "2.0 h"]

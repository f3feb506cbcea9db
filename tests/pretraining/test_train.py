"""A biLM from text in one command."""

import gzip
import itertools
import json
import math
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import h5py
import pytest
import torch
from allennlp.commands import main
from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary

from elmo_tasks.bilm import BiLM, BiLMFiles, PretrainedError, batch_to_ids
from elmo_tasks.bilm.growth import GrowthError
from elmo_tasks.compat.gradients import clip_grad_norm_
from elmo_tasks.files import sha256
from elmo_tasks.pretraining import CorpusVocabulary, LanguageModel
from elmo_tasks.pretraining.export import export_bilm
from elmo_tasks.pretraining.plan import WINDOW, make_plan
from elmo_tasks.pretraining.processes import Processes
from elmo_tasks.pretraining.recipes import RECIPES
from elmo_tasks.pretraining.train import measure_speed, prepare, train

LINES = ["the cat saw the dog", "a dog ran", "the cat ran off and the dog saw it", "it ran"]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    lines = [f"{line} {number % 7}" for number, line in enumerate(LINES * 100)]
    # So that each of two processes, which take every other sentence, meets all kinds.
    random.Random(1).shuffle(lines)
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def heldout(tmp_path: Path) -> Path:
    path = tmp_path / "heldout.txt"
    # Sentences of the same kind, each with its number behind it.
    path.write_text("\n".join(f"{line} {number % 7}" for number, line in enumerate(LINES * 3)) + "\n")
    return path


@pytest.fixture
def smaller(tmp_path: Path) -> str:
    """A biLM's folder, smaller than "tiny"."""
    folder = tmp_path / "smaller"
    options = RECIPES["tiny"].options
    export_bilm(BiLM(options.replace(cell_dim=options.cell_dim // 2, projection_dim=12)), folder)
    return str(folder)


def command(text: Path, heldout: Path, run: Path, *others: str) -> list[str]:
    return ["elmo-train", str(text), "--heldout", str(heldout), "-s", str(run), "--size", "tiny", *others]


def run_main(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["allennlp", *arguments])
    main()


def test_from_text_to_vectors(
    text: Path, heldout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    run_main(monkeypatch, command(text, heldout, run, "--passes", "4"))
    said = capsys.readouterr().out
    # Counted by hand: 2,300 tokens and 400 sentence ends, 9 words, 7 numbers and two boundaries.
    assert "2,700 tokens, 18 words to predict; 4.00 passes: 270 batches of 2 x 20 tokens, in 1 x 270." in said
    figures = json.loads((run / "perplexity.json").read_text())
    assert f"Held-out perplexity: {figures['perplexity']:.2f}" in said
    # 18 words that are equally likely would give 18.
    assert figures["perplexity"] < 8
    files = BiLMFiles(run / "bilm" / "options.json", run / "bilm" / "weights.hdf5")
    assert BiLM.from_files(*files).options == RECIPES["tiny"].options
    # Again: nothing is trained, the figures are the same, and the biLM is rounded as asked for.
    whole = BiLM.from_files(*files)
    before = (run / "model.tar.gz").stat().st_mtime_ns
    run_main(monkeypatch, command(text, heldout, run, "--passes", "4", "--half"))
    assert (run / "model.tar.gz").stat().st_mtime_ns == before
    rounded = BiLM.from_files(*files).state_dict()
    assert all(torch.equal(rounded[name], value.half().float()) for name, value in whole.state_dict().items())
    assert any(not torch.equal(rounded[name], value) for name, value in whole.state_dict().items())
    assert json.loads((run / "perplexity.json").read_text()) == figures


@pytest.mark.parametrize("begins", ["at random", "with a biLM"])
def test_killed_and_called_again_it_ends_with_the_same_bilm(
    begins: str, smaller: str, text: Path, heldout: Path, tmp_path: Path
) -> None:
    arguments = ["--passes", "16", *(["--begin-with", smaller] if begins == "with a biLM" else [])]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}

    def start(run: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "elmo_tasks", *command(text, heldout, run, *arguments)],
            env=environment,
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    whole, killed = tmp_path / "whole", tmp_path / "killed"
    processes = [start(whole), start(killed)]
    deadline = time.monotonic() + 300
    while not list(killed.glob("training_state_e1_*.th")) and time.monotonic() < deadline:
        time.sleep(0.05)
    processes[1].send_signal(signal.SIGKILL)
    processes[1].wait()
    assert not (killed / "metrics.json").exists()
    assert start(killed).wait() == 0
    assert processes[0].wait() == 0
    assert (killed / "perplexity.json").read_text() == (whole / "perplexity.json").read_text()
    weights = [h5py.File(run / "bilm" / "weights.hdf5") for run in (whole, killed)]
    name = "RNN_1/RNN/MultiRNNCell/Cell1/LSTMCell/W_0"
    assert (weights[0][name][...] == weights[1][name][...]).all()


@pytest.mark.parametrize("begins", ["at random", "with a biLM"])
def test_two_processes_train_one_bilm_on_half_of_the_streams_each(
    begins: str, smaller: str, text: Path, heldout: Path, tmp_path: Path
) -> None:
    run, arguments, parts = tmp_path / "run", ["--passes", "4", "--processes", "2"], "1 x 270"
    if begins == "with a biLM":
        arguments, parts = [*arguments, "--begin-with", smaller], "2 x 135"
    done = subprocess.run(
        [sys.executable, "-m", "elmo_tasks", *command(text, heldout, run, *arguments)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    # The same batches as by one process, above.
    assert f"4.00 passes: 270 batches of 2 x 20 tokens, in {parts}, by 2 processes." in done.stdout
    assert " - INFO - " not in done.stdout + done.stderr
    assert json.loads((run / "config.json").read_text())["data_loader"]["batch_size"] == 1
    assert {path.name for path in run.glob("out_worker*")} == {"out_worker0.log", "out_worker1.log"}
    figures = json.loads((run / "perplexity.json").read_text())
    # As of the biLM of one process.
    assert figures["perplexity"] < 8
    BiLM.from_files(run / "bilm" / "options.json", run / "bilm" / "weights.hdf5")


def test_a_vocabulary_that_a_kill_has_cut_off_is_written_again(
    text: Path, heldout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, save = tmp_path / "run", Vocabulary.save_to_files
    prepare(str(text), str(heldout), run, "tiny", passes=1, processes=Processes((-1, -1)))

    def dies(self: Vocabulary, folder: str) -> None:
        save(self, folder)
        (Path(folder) / "words.txt").write_text("@@UNKNOWN@@\n")
        raise KeyboardInterrupt

    monkeypatch.setattr(Vocabulary, "save_to_files", dies)
    # Only what comes before a training.
    monkeypatch.setattr("elmo_tasks.pretraining.train.train_model", lambda *args, **named: None)
    monkeypatch.setattr("elmo_tasks.pretraining.train.open_archive", fail)
    with pytest.raises(KeyboardInterrupt):
        train(run)
    monkeypatch.setattr(Vocabulary, "save_to_files", save)
    with pytest.raises(Trained):
        train(run)
    assert (run / "vocabulary" / "words.txt").read_text() == (run / "words" / "words.txt").read_text()


class Trained(Exception):
    """What comes behind a training is reached."""


def fail(run: Path) -> None:
    raise Trained


def test_what_processes_there_can_be() -> None:
    assert Processes((0, 1), 3, 2, "[::1]:29500").distributed() == {
        "cuda_devices": [0, 1],
        "num_nodes": 3,
        "primary_address": "[::1]",
        "primary_port": 29500,
    }
    assert len(Processes((0, 1), 3, 2, "first:1")) == 6
    for arguments, message in {
        ((),): "processes is 0; it must be",
        ((-1,), 0): "nodes is 0; it must be",
        ((-1,), 2, 2, "first:1"): "node_rank is 2; it must be",
        ((-1,), 2, 0, "first"): 'meet at a port of the first one, "HOST:PORT", not at "first"',
    }.items():
        with pytest.raises(ConfigurationError, match=message):
            Processes(*arguments)  # type: ignore[arg-type]


def test_files_with_a_comma_in_their_names(
    text: Path, heldout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = text.read_text().splitlines(keepends=True)
    halves = [tmp_path / "first,half.txt", tmp_path / "second.txt"]
    for path, half in zip(halves, (lines[:200], lines[200:]), strict=True):
        path.write_text("".join(half))
    arguments = command(halves[0], heldout.rename(tmp_path / "held,out.txt"), tmp_path / "run", "--passes", "0.5")
    arguments.insert(2, str(halves[1]))
    run_main(monkeypatch, arguments)
    # As many as in the one file.
    assert "2,700 tokens, 18 words to predict; 0.50 passes" in capsys.readouterr().out
    assert (tmp_path / "run" / "bilm" / "weights.hdf5").exists()


def test_several_machines_do_not_measure_a_speed_each(
    text: Path, heldout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = command(text, heldout, tmp_path / "run", "--hours", "1", "--nodes", "2", "--primary", "first:29500")
    with pytest.raises(SystemExit, match=r"elmo-train: Hours are for one machine: .* Measure once with --hours on one"):
        run_main(monkeypatch, arguments)
    assert not (tmp_path / "run").exists()


def test_it_begins_with_a_bilm(
    smaller: str, text: Path, heldout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, forward = tmp_path / "run", LanguageModel.forward
    said = prepare(str(text), str(heldout), run, "tiny", passes=1, begin_with=smaller)
    assert said == (
        "2,700 tokens, 18 words to predict; 1.01 passes: 68 batches of 2 x 20 tokens, in 2 x 34.\n"
        f"It begins with {smaller}, and trains the softmax alone in the first part."
    )
    begun = json.loads((run / "elmo_train.json").read_text())
    assert begun["began_with_sha256"] == sha256(Path(smaller) / "weights.hdf5")
    grown, bilm = (BiLM.from_files(folder / "options.json", folder / "weights.hdf5") for folder in bilm_folders(run))
    ids = batch_to_ids([["the", "cat", "ran"]])
    # Of each direction. Shape: (1, 3, 3, 2, 12)
    layers = grown(ids).layers.unflatten(-1, (2, -1))[..., :12]
    torch.testing.assert_close(layers, bilm(ids).layers.unflatten(-1, (2, -1)), rtol=0, atol=1e-6)
    config = json.loads((run / "config.json").read_text())
    assert config["trainer"]["learning_rate_scheduler"]["warmup_steps"] == 51
    # By another, the rest being the same: a run knows what it began with.
    with pytest.raises(ConfigurationError, match=r"was begun with begin_with .*smaller, not None: go on with the"):
        prepare(str(text), str(heldout), run, "tiny", passes=1)
    frozen, changed = [], []

    def watched(self: LanguageModel, **batch: torch.Tensor) -> dict[str, torch.Tensor]:
        if self.training:
            frozen.append(not any(weight.requires_grad for weight in self.bilm.parameters()))
            changed.append(not self.bilm.has_weights(grown.state_dict()))
        return forward(self, **batch)

    monkeypatch.setattr(LanguageModel, "forward", watched)
    train(run)
    assert frozen == [True] * 34 + [False] * 34
    # The rate is not at its highest yet, and not zero.
    assert changed == [False] * 35 + [True] * 33


def bilm_folders(run: Path) -> tuple[Path, Path]:
    """That which a run begins with, and that from which it was grown."""
    return run / "begin", run.parent / "smaller"


def test_the_random_weights_are_the_seeds(smaller: str, text: Path, heldout: Path, tmp_path: Path) -> None:
    digests = []
    for number, seed in enumerate((1, 1, 2)):
        prepare(str(text), str(heldout), tmp_path / str(number), "tiny", seed=seed, begin_with=smaller)
        digests.append(sha256(tmp_path / str(number) / "begin" / "weights.hdf5"))
    assert digests[0] == digests[1] != digests[2]


def test_a_run_that_begins_with_a_bilm_may_be_given_another_length(
    smaller: str, text: Path, heldout: Path, tmp_path: Path
) -> None:
    def prepare_for(passes: float) -> str:
        return prepare(str(text), str(heldout), tmp_path / "run", "tiny", passes=passes, begin_with=smaller)

    prepare_for(4)
    behind = f"\nIt begins with {smaller}, and trains the softmax alone in the first part."
    # What it began with is not needed any more.
    shutil.rmtree(smaller)
    assert prepare_for(7.9).endswith(f" 7.91 passes: 534 batches of 2 x 20 tokens, in 2 x 267.{behind}")
    # Something of it is kept, as if it had been killed.
    (tmp_path / "run" / "model_state_e0_b9.th").touch()
    assert prepare_for(12).endswith(f" 11.87 passes: 801 batches of 2 x 20 tokens, in 3 x 267.{behind}")
    # Not without the biLM.
    few = " 7.91 passes: 534 batches of 2 x 20 tokens, in 2 x 267 (whole parts of 3.96 passes: 0.1 cannot be had)."
    assert prepare_for(0.1).endswith(f"{few}{behind}")


def test_a_run_of_which_nothing_is_kept_may_be_given_any_length(text: Path, heldout: Path, tmp_path: Path) -> None:
    for name, passes in (("run", 400.0), ("run", 1.0), ("other", 1.0)):
        said = prepare(str(text), str(heldout), tmp_path / name, "tiny", passes=passes)
    assert said.endswith(" 1.01 passes: 68 batches of 2 x 20 tokens, in 1 x 68.")
    configs = [(tmp_path / name / "config.json").read_text().replace(f"/{name}/", "/") for name in ("run", "other")]
    assert configs[0] == configs[1]


def test_a_run_of_an_older_version_began_at_random(smaller: str, text: Path, heldout: Path, tmp_path: Path) -> None:
    said = prepare(str(text), str(heldout), tmp_path / "run", "tiny")
    path = tmp_path / "run" / "elmo_train.json"
    begun = json.loads(path.read_text())
    del begun["asked"]["begin_with"], begun["began_with_sha256"]
    path.write_text(json.dumps(begun))
    assert prepare(str(text), str(heldout), tmp_path / "run", "tiny") == said
    with pytest.raises(ConfigurationError, match=r"was begun with begin_with None, not .*smaller: go on"):
        prepare(str(text), str(heldout), tmp_path / "run", "tiny", begin_with=smaller)


def test_no_words_are_counted_where_there_is_no_such_bilm(
    smaller: str, text: Path, heldout: Path, tmp_path: Path
) -> None:
    with pytest.raises(PretrainedError, match='There is no biLM "nobody"'):
        prepare(str(text), str(heldout), tmp_path / "run", "tiny", begin_with="nobody")
    with pytest.raises(GrowthError, match=r"and filters .* is asked for: it can be given a larger cell_dim"):
        prepare(str(text), str(heldout), tmp_path / "run", "mini", begin_with=smaller)
    assert not (tmp_path / "run").exists()


def test_by_hours_the_speed_says_how_many_passes(text: Path, heldout: Path, tmp_path: Path) -> None:
    said = prepare(str(text), str(heldout), tmp_path / "run", "tiny", hours=0.001)
    found = re.search(r"; ([\d.]+) passes: .* at ([\d,]+) tokens/s", said)
    assert found is not None
    passes, speed = (float(number.replace(",", "")) for number in found.groups())
    assert passes * 2700 == pytest.approx(3.6 * speed, rel=0.05, abs=2 * 2 * WINDOW)
    assert isinstance(train(tmp_path / "run"), LanguageModel)


def test_the_speed_is_that_of_the_model_that_is_trained(
    text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a text that is over before the steps are, too."""
    short = tmp_path / "short.txt"
    short.write_text("".join(text.read_text().splitlines(keepends=True)[:12]))
    vocab = CorpusVocabulary.from_corpus(str(short))
    plan = make_plan(80, 2, 1)
    clipped: list[list[torch.Tensor]] = []

    def clip(parameters: Iterable[torch.nn.Parameter], most: float) -> torch.Tensor:
        parameters = list(parameters)
        clipped.append([one.grad for one in parameters if one.grad is not None])
        return clip_grad_norm_(parameters, most)

    monkeypatch.setattr("elmo_tasks.pretraining.train.clip_grad_norm_", clip)
    began = time.perf_counter()
    speed = measure_speed(RECIPES["tiny"], plan, str(short), vocab)
    seconds = time.perf_counter() - began
    assert len(clipped) == 30
    # As "sparse_gradients" has it, which the config of a training says.
    assert all(any(gradient.is_sparse for gradient in gradients) for gradients in clipped)
    # 20 of the 30 steps are measured.
    assert speed > 20 * plan.streams * WINDOW / seconds


def test_a_run_goes_on_only_with_what_it_was_begun_with(text: Path, heldout: Path, tmp_path: Path) -> None:
    prepare(str(text), str(heldout), tmp_path / "run", "tiny", passes=2)
    with pytest.raises(ConfigurationError, match=r"was begun with passes 2, not None: go on with the same, or"):
        prepare(str(text), str(heldout), tmp_path / "run", "tiny")
    with pytest.raises(
        ConfigurationError, match=r"was begun with dtype float32, not bfloat16: go on with the same, or"
    ):
        prepare(str(text), str(heldout), tmp_path / "run", "tiny", passes=3, dtype="bfloat16")
    with pytest.raises(ConfigurationError, match=r"was begun with processes 1, not 2: go on with the same, or"):
        prepare(str(text), str(heldout), tmp_path / "run", "tiny", passes=2, processes=Processes((-1, -1)))


def test_a_run_goes_on_with_the_same_text_by_another_name(
    text: Path, heldout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = prepare(str(text), str(heldout), tmp_path / "run", "tiny", passes=2)
    assert prepare("./text.txt", "../" + tmp_path.name + "/held*.txt", tmp_path / "run", "tiny", passes=2) == said
    shutil.copy(text, "copy.txt")
    for other in ("copy.txt", "missing.txt"):
        with pytest.raises(ConfigurationError, match=rf"was begun with text .*/text\.txt, not {other}: go on"):
            prepare(other, str(heldout), tmp_path / "run", "tiny", passes=2)


def stopping_at(call: int) -> Any:
    """The language model's `forward`, which ends as by Ctrl-C at its so many-th call."""
    forward, calls = LanguageModel.forward, itertools.count(1)

    def stops(*arguments: Any, **named: Any) -> Any:
        if next(calls) == call:
            raise KeyboardInterrupt
        return forward(*arguments, **named)

    return stops


def test_a_run_may_end_sooner_than_it_was_begun_to(
    text: Path, heldout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    monkeypatch.setattr("elmo_tasks.pretraining.plan._EPOCH_BATCHES", 90)
    said = prepare(str(text), str(heldout), run, "tiny", passes=4)
    assert said.endswith("4.00 passes: 270 batches of 2 x 20 tokens, in 3 x 90.")
    monkeypatch.setattr(LanguageModel, "forward", stopping_at(100))
    with pytest.raises(KeyboardInterrupt):
        train(run)
    monkeypatch.undo()
    with pytest.raises(ConfigurationError, match=r"run has read 1\.33 passes, and cannot end before the next part\."):
        prepare(str(text), str(heldout), run, "tiny", passes=1.3)
    for nonsense in (0.0, math.nan, math.inf):
        with pytest.raises(ConfigurationError, match=r"There cannot be .* passes over a text"):
            prepare(str(text), str(heldout), run, "tiny", passes=nonsense)
    said = prepare(str(text), str(heldout), run, "tiny", passes=2.7)
    assert said == "2,700 tokens, 18 words to predict; 2.67 passes: 180 batches of 2 x 20 tokens, in 2 x 90."
    assert prepare(str(text), str(heldout), run, "tiny", passes=2.7) == said
    assert json.loads((run / "elmo_train.json").read_text())["changed"] == [{"epochs": 3, "done": 1}]
    train(run)
    assert {path.name for path in run.glob("metrics_epoch_*")} == {"metrics_epoch_0.json", "metrics_epoch_1.json"}
    (state,) = run.glob("training_state_*.th")
    (group, *_) = torch.load(state, weights_only=True)["optimizer"]["param_groups"]
    # The rate has fallen to zero, and not to a third.
    assert group["lr"] < group["initial_lr"] / 80
    with pytest.raises(ConfigurationError, match=r"run is finished, with 2\.67 passes: give another folder"):
        prepare(str(text), str(heldout), run, "tiny", passes=4)


@pytest.fixture
def interrupted(text: Path, heldout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of two epochs that Ctrl-C has ended in the second one: AllenNLP has archived the first."""
    run = tmp_path / "run"
    with monkeypatch.context() as patches:
        patches.setattr("elmo_tasks.pretraining.plan._EPOCH_BATCHES", 34)
        assert prepare(str(text), str(heldout), run, "tiny").endswith("in 2 x 34.")
        patches.setattr(LanguageModel, "forward", stopping_at(60))
        with pytest.raises(KeyboardInterrupt):
            train(run)
    assert (run / "metrics_epoch_0.json").exists()
    return run


def archived(run: Path) -> bytes:
    with tarfile.open(run / "model.tar.gz") as archive:
        weights = archive.extractfile("weights.th")
        assert weights is not None
        return weights.read()


def test_an_archive_of_an_earlier_epoch_or_half_of_one_is_written_again(
    interrupted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, first = interrupted, archived(interrupted)

    def dies(*arguments: Any, **named: Any) -> str:
        raise Killed

    with monkeypatch.context() as patches:
        patches.setattr("elmo_tasks.resuming.archive_model", dies)
        with pytest.raises(Killed):
            train(run)
    assert (run / "metrics.json").exists()
    train(run)
    assert archived(run) == (run / "best.th").read_bytes() != first
    # As earlier versions left it after a kill.
    whole = (run / "model.tar.gz").read_bytes()
    (run / "model.tar.gz").write_bytes(whole[: len(whole) // 2])
    train(run)
    assert archived(run) == (run / "best.th").read_bytes()


def test_a_run_that_was_renamed_goes_on(interrupted: Path, text: Path, heldout: Path) -> None:
    run = interrupted.rename(interrupted.with_name("mine"))
    prepare(str(text), str(heldout), run, "tiny")
    train(run)
    assert (run / "metrics_epoch_1.json").exists()


def test_a_copied_run_begins_with_its_own_bilm(smaller: str, text: Path, heldout: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    prepare(str(text), str(heldout), first, "tiny", passes=0.1, begin_with=smaller)
    shutil.copytree(first, second)
    for file in ("words/words.txt", "begin/weights.hdf5"):
        (first / file).unlink()
    prepare(str(text), str(heldout), second, "tiny", passes=0.1, begin_with=smaller)
    assert isinstance(train(second), LanguageModel)


class Killed(Exception):
    """Nothing handles it."""


@pytest.mark.parametrize("content", ["", "[]", '{"asked": {}}', '{"asked": 1, "said": ""}'])
def test_a_run_that_does_not_know_what_it_was_begun_with(
    content: str, text: Path, heldout: Path, tmp_path: Path
) -> None:
    prepare(str(text), str(heldout), tmp_path / "run", "tiny")
    (tmp_path / "run" / "elmo_train.json").write_text(content)
    with pytest.raises(ConfigurationError, match=r"elmo_train\.json is damaged"):
        prepare(str(text), str(heldout), tmp_path / "run", "tiny")


def test_a_folder_with_something_else_is_left_alone(text: Path, heldout: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ConfigurationError, match="holds something else"):
        prepare(str(text), str(heldout), tmp_path, "tiny")
    assert not (tmp_path / "config.json").exists()


def test_a_text_may_begin_with_what_is_rare_in_the_rest(
    text: Path, heldout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as the head of a file: the vocabulary is that of the whole text."""
    monkeypatch.setattr("elmo_tasks.pretraining.windows._CHECKED_SENTENCES", 20)
    (tmp_path / "first.txt").write_text("zebra yak xylophone\n" * 20)
    prepare(f"{tmp_path}/first.txt,{text}", str(heldout), tmp_path / "run", "tiny", passes=0.1)
    assert isinstance(train(tmp_path / "run"), LanguageModel)


def test_text_that_is_too_short(heldout: Path, tmp_path: Path) -> None:
    (tmp_path / "short.txt").write_text("a few words\n")
    with pytest.raises(ConfigurationError, match=r"The text has 4 tokens, sentence ends included; 20 are the least\."):
        prepare(str(tmp_path / "short.txt"), str(heldout), tmp_path / "run", "tiny")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("name", "content", "processes", "message"),
    [
        ("heldout.txt", "a cat\nein Kätzchen\n".encode("latin-1"), 1, r"heldout\.txt, line 2: this is not UTF-8"),
        (
            "heldout.txt.gz",
            gzip.compress(b"the cat ran\n" * 50, mtime=0)[:-9],
            1,
            r"heldout\.txt\.gz, after line \d+: this is not",
        ),
        ("heldout.txt", b"\n \n\n", 1, r"heldout\.txt has fewer sentences \(0\) than there are processes \(1\)"),
        ("heldout.txt", b"the cat ran\n", 2, r"heldout\.txt has fewer sentences \(1\) than there are processes \(2\)"),
    ],
    ids=["in Latin-1", "cut off", "of blank lines", "of a sentence for two processes"],
)
def test_a_heldout_text_that_cannot_be_measured(
    name: str, content: bytes, processes: int, message: str, text: Path, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    by = Processes((-1,) * processes)
    with pytest.raises(ConfigurationError, match=message):
        prepare(str(text), str(tmp_path / name), tmp_path / "run", "tiny", processes=by)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"passes": 0.0}, "There cannot be 0 passes over a text: give a number above 0"),
        ({"passes": -1.0}, "-1 passes over"),
        ({"passes": math.nan}, "nan passes over"),
        ({"passes": math.inf}, "inf passes over"),
        ({"hours": 0.0}, "cannot last 0 hours: give a number above 0"),
        ({"hours": math.nan}, "cannot last nan hours"),
        ({"seed": -1}, "seed is -1; it must be"),
        ({"seed": 2**32}, "seed is 4294967296; it must be"),
    ],
)
def test_what_cannot_be_trained(asked: dict[str, Any], message: str, text: Path, heldout: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=message):
        prepare(str(text), str(heldout), tmp_path / "run", "tiny", **asked)
    assert not (tmp_path / "run").exists()

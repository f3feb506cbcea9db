import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from allennlp.commands import main
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.models import Model

from elmo_tasks.bilm import BiLM, BiLMOptions
from elmo_tasks.pretraining import CorpusVocabulary, LanguageModel
from elmo_tasks.pretraining.finetune import finetune_config, from_weights
from elmo_tasks.pretraining.perplexity import load_language_model, measure_perplexity

OPTIONS = BiLMOptions(character_dim=4, filters=((1, 4), (2, 8)), num_highway=1, cell_dim=16, projection_dim=8)
TEXT = ["the cat saw the dog", "a dog ran", "the cat ran off and the dog saw it", "it ran once"]

Run = Callable[..., None]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(*arguments: object) -> None:
        monkeypatch.setattr(sys, "argv", ["elmo-tasks", *map(str, arguments)])
        main()

    return run


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("\n".join(TEXT * 16) + "\n")
    return path


@pytest.fixture
def heldout(tmp_path: Path) -> Path:
    path = tmp_path / "heldout.txt"
    path.write_text("the dog saw the cat\nit ran off somewhere\n")
    return path


@pytest.fixture
def bilm(tmp_path: Path) -> Path:
    """A folder with a biLM's two files: weights without a softmax, as they are published."""
    folder = tmp_path / "bilm"
    BiLM(OPTIONS).save(folder / "options.json", folder / "weights.hdf5")
    return folder


def bilm_in(folder: Path) -> BiLM:
    return BiLM.from_files(folder / "options.json", folder / "weights.hdf5")


def same_weights(one: BiLM, other: BiLM) -> bool:
    return all(torch.equal(value, other.state_dict()[name]) for name, value in one.state_dict().items())


def test_weights_without_a_softmax(
    run: Run, text: Path, heldout: Path, bilm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, options = tmp_path / "run", ["--softmax-epochs", 2, "--streams", 2, "--lr", 0.01]
    run("elmo-finetune", bilm, text, "--heldout", heldout, "-s", folder, *options)
    figures = json.loads((folder / "perplexity.json").read_text())
    assert list(figures["all"]) == ["epoch 1, softmax", "epoch 2, softmax", "epoch 3, all"]
    assert figures["before"] == min(figures["all"]["epoch 1, softmax"], figures["all"]["epoch 2, softmax"])
    assert figures["after"] == figures["all"]["epoch 3, all"] < figures["before"]
    # "somewhere", in each direction, of eleven tokens; "once" occurs often enough.
    assert figures["unknown"] == pytest.approx(1 / 11)
    # The answer, and nothing of the training's log.
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "held-out perplexity        average   (9.09% of the tokens unknown)"
    assert [line[:24].rstrip() for line in printed[1:4]] == list(figures["all"])
    assert printed[3] == f"epoch 3, all             {figures['after']:>9.2f}"
    assert printed[4:] == [f"The biLM is in {folder / 'bilm'}."]
    assert "INFO" in (folder / "out.log").read_text()

    original = bilm_in(bilm)
    for file in bilm.iterdir():
        file.unlink()
    archive = tmp_path / "moved.tar.gz"
    (folder / "model.tar.gz").rename(archive)
    model = load_language_model(str(archive))
    assert same_weights(model.bilm, bilm_in(folder / "bilm"))
    assert not same_weights(model.bilm, original)
    # Another way to the same figure.
    measured = measure_perplexity(model, str(heldout), streams=2, window=7)["perplexity"]
    assert measured == pytest.approx(figures["after"], rel=1e-4)


def test_the_bilm_stands_still_while_the_softmax_learns(text: Path, heldout: Path, bilm: Path, tmp_path: Path) -> None:
    start = from_weights(str(bilm), str(text))
    config = finetune_config(start, str(text), str(heldout), epochs=0, softmax_epochs=2, streams=2)
    model = train_model(Params(config), str(tmp_path / "run"))
    assert isinstance(model, LanguageModel)
    assert same_weights(model.bilm, bilm_in(bilm))
    first, second = (
        json.loads((tmp_path / "run" / f"metrics_epoch_{epoch}.json").read_text())["validation_perplexity"]
        for epoch in range(2)
    )
    assert second < first


def test_a_whole_language_model(run: Run, text: Path, heldout: Path, bilm: Path, tmp_path: Path) -> None:
    """Its own softmax and vocabulary: what it was trained on is not the new text."""
    old = tmp_path / "old.txt"
    old.write_text("a cat ran and ran\nthe cat saw the cat\n" * 20)
    run("elmo-finetune", bilm, old, "--heldout", heldout, "-s", tmp_path / "old", "--softmax-epochs", 1, "--streams", 2)
    archive = tmp_path / "old" / "model.tar.gz"
    before = load_language_model(str(archive))
    expected = measure_perplexity(before, str(heldout), streams=2)
    for start, folder in ((archive, "from_file"), (archive.parent, "from_folder")):
        options = ["--epochs", 2, "--streams", 2, "--lr", 0.01]
        run("elmo-finetune", start, text, "--heldout", heldout, "-s", tmp_path / folder, *options)
        figures = json.loads((tmp_path / folder / "perplexity.json").read_text())
        assert list(figures["all"]) == ["before", "epoch 1, all", "epoch 2, all"]
        assert figures["before"] == pytest.approx(expected["perplexity"])
        assert figures["unknown"] == pytest.approx(expected["unknown"])
        assert figures["after"] < figures["before"]
        after = load_language_model(str(tmp_path / folder))
        assert after.vocab.get_token_to_index_vocabulary("words") == before.vocab.get_token_to_index_vocabulary("words")


def test_a_run_that_fine_tuning_makes_worse_is_exported_as_it_was(
    run: Run, text: Path, heldout: Path, bilm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--heldout", heldout, "--streams", 2]
    run("elmo-finetune", bilm, text, "-s", tmp_path / "old", "--softmax-epochs", 1, *options)
    capsys.readouterr()
    # Of the other order of words nothing can be learned that helps.
    backwards = tmp_path / "backwards.txt"
    backwards.write_text("\n".join(" ".join(line.split()[::-1]) for line in TEXT * 16) + "\n")
    folder = tmp_path / "run"
    run("elmo-finetune", tmp_path / "old", backwards, "-s", folder, "--lr", 0.5, *options)
    figures = json.loads((folder / "perplexity.json").read_text())
    assert figures["after"] > figures["before"]
    assert "did not help, and the biLM is what it was" in capsys.readouterr().out
    assert same_weights(bilm_in(folder / "bilm"), load_language_model(str(tmp_path / "old")).bilm)


def test_a_killed_run_goes_on(
    run: Run, text: Path, heldout: Path, bilm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["elmo-finetune", bilm, text, "--heldout", heldout, "-s", tmp_path / "run"]
    command += ["--softmax-epochs", 2, "--epochs", 2, "--streams", 2]
    forward = LanguageModel.forward
    frozen: list[bool] = []
    fatal = 3

    def watched(self: LanguageModel, **batch: torch.Tensor) -> dict[str, torch.Tensor]:
        """Dies in the third batch with all parameters."""
        if self.training:
            frozen.append(not self.bilm.lstm.layers[0].weight.requires_grad)  # type: ignore[union-attr]
            if frozen.count(False) == fatal:
                raise RuntimeError("killed")
        return forward(self, **batch)

    monkeypatch.setattr(LanguageModel, "forward", watched)
    with pytest.raises(RuntimeError, match="killed"):
        run(*command)
    assert frozen == [True] * (len(frozen) - 3) + [False] * 3
    frozen.clear()
    fatal = -1
    run(*command, "--recover")
    assert frozen
    assert not any(frozen)
    assert len(json.loads((tmp_path / "run" / "perplexity.json").read_text())["all"]) == 4


@pytest.mark.parametrize("size", [0, 500])
@pytest.mark.parametrize("kind", ["model", "training"])
def test_a_torn_newest_checkpoint(
    kind: str, size: int, run: Run, text: Path, heldout: Path, bilm: Path, tmp_path: Path
) -> None:
    """The epoch is trained again, to the same figures."""
    command = ["elmo-finetune", bilm, text, "--heldout", heldout, "-s", tmp_path / "run"]
    command += ["--softmax-epochs", 1, "--epochs", 1, "--streams", 4]
    run(*command)
    figures = (tmp_path / "run" / "perplexity.json").read_text()
    torn = tmp_path / "run" / f"{kind}_state_e2_b0.th"
    torn.write_bytes(torn.read_bytes()[:size])
    (tmp_path / "run" / "perplexity.json").unlink()
    run(*command, "--recover")
    assert (tmp_path / "run" / "perplexity.json").read_text() == figures
    assert torn.stat().st_size > size


def test_the_config_alone(
    run: Run, text: Path, heldout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("elmo-finetune", "mini", text, "--heldout", heldout, "-s", tmp_path / "run", "--streams", 2, "--print-config")
    config = json.loads(capsys.readouterr().out)
    assert config["model"]["pretrained_file"].endswith("mini/weights.hdf5")
    assert config["trainer"]["num_epochs"] == 3
    assert not (tmp_path / "run").exists()


def write_run(folder: Path, text: Path, **own: object) -> LanguageModel:
    """A run as a training leaves it, with random weights."""
    config = {"type": "elmo_language_model", "options": OPTIONS.to_dict(), **own}
    vocab = CorpusVocabulary.from_corpus(str(text))
    vocab.save_to_files(str(folder / "vocabulary"))
    model = Model.from_params(Params(dict(config)), vocab=vocab)
    torch.save(model.state_dict(), folder / "best.th")
    (folder / "config.json").write_text(json.dumps({"model": config, "dataset_reader": {"type": "elmo_corpus"}}))
    assert isinstance(model, LanguageModel)
    return model


def test_a_runs_softmax_counts_with_its_biLM_exported_beside_it(
    run: Run,
    text: Path,
    heldout: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_run(Path("own"), text).bilm.save("own/options.json", "own/weights.hdf5")
    options = [text, "--heldout", heldout, "-s", "run", "--streams", 2, "--print-config"]
    run("elmo-finetune", "own", *options)
    config = json.loads(capsys.readouterr().out)
    assert config["vocabulary"] == {"type": "from_files", "directory": "own/vocabulary"}
    assert config["trainer"]["num_epochs"] == 1
    assert isinstance(load_language_model("own"), LanguageModel)
    # A name is a biLM's, whatever lies here that is called so.
    Path("own").rename("mini")
    run("elmo-finetune", "mini", *options)
    assert "pretrained_file" in json.loads(capsys.readouterr().out)["model"]


def test_a_run_is_trained_on_as_it_was_trained(
    run: Run, text: Path, heldout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = {"dropout": 0.25, "num_samples": 5, "dtype": "bfloat16", "sparse_gradients": True}
    folder = tmp_path / "own"
    write_run(folder, text, **own)
    command = ["elmo-finetune", folder, text, "--heldout", heldout, "-s", tmp_path / "run", "--streams", 2]
    run(*command, "--print-config")
    found = json.loads(capsys.readouterr().out)["model"]
    assert {name: found[name] for name in own} == own
    run(*command, "--print-config", "--dtype", "float32")
    assert json.loads(capsys.readouterr().out)["model"]["dtype"] == "float32"
    run(*command, "--half")
    whole = load_language_model(str(tmp_path / "run")).bilm
    exported = bilm_in(tmp_path / "run" / "bilm")
    assert not same_weights(exported, whole)
    assert same_weights(exported, whole.half().float())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--streams", "500"], "text.txt is too short for 500 streams"),
        (["--epochs", "0"], "--epochs and --streams must be at least 1"),
        (["--lr", "nan"], "lr is nan; it must be a number, 0 to 1"),
        (["--lr=-1"], "lr is -1.0; it must be"),
        (["--min-count", "0"], "min_count is 0; it must be"),
        (["--bilm", "nothing"], "nothing does not exist"),
    ],
)
def test_errors(options: list[str], message: str, run: Run, text: Path, heldout: Path, tmp_path: Path) -> None:
    bilm, *options = ("nothing",) if options[0] == "--bilm" else ("mini", *options)
    options = [*options, "--streams", "2"] if "--streams" not in options else options
    with pytest.raises(SystemExit, match=f"elmo-finetune: .*{message}"):
        run("elmo-finetune", bilm, text, "--heldout", heldout, "-s", tmp_path / "run", *options)

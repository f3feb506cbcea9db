import json
import math
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary
from allennlp.models import load_archive
from torch.nn import functional as F

from elmo_tasks.bilm import BiLMOptions, batch_to_ids
from elmo_tasks.pretraining import CorpusReader, CorpusVocabulary, LanguageModel, WindowDataLoader
from elmo_tasks.pretraining.perplexity import load_language_model, measure_perplexity

OPTIONS = BiLMOptions(character_dim=4, filters=((1, 4), (2, 8)), num_highway=1, cell_dim=16, projection_dim=8).to_dict()

TEXT = ["the cat saw the dog", "a dog ran", "the cat ran off and the dog saw it", "it ran"]


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(TEXT * 8) + "\n")
    return path


def config(corpus: Path, epochs: int = 2, **trainer) -> dict:
    return {
        "dataset_reader": {"type": "elmo_corpus"},
        "train_data_path": str(corpus),
        "validation_data_path": str(corpus),
        "vocabulary": {"type": "elmo_corpus", "paths": str(corpus)},
        "model": {"type": "elmo_language_model", "options": OPTIONS, "num_samples": 8, "dropout": 0.0},
        "data_loader": {"type": "elmo_lm_windows", "batch_size": 4, "window": 5, "shuffle_buffer": 20},
        "validation_data_loader": {"type": "elmo_lm_windows", "batch_size": 2, "window": 5},
        "trainer": {"num_epochs": epochs, "optimizer": {"type": "elmo_adam", "lr": 0.05}, "cuda_device": -1, **trainer},
    }


def model_of(corpus: Path) -> LanguageModel:
    return LanguageModel(CorpusVocabulary.from_corpus(str(corpus)), OPTIONS, dropout=0.0, num_samples=8)


def test_perplexity_is_that_of_the_bilm_sentence_by_sentence(tmp_path):
    """
    One stream over two sentences, against the definition: the biLM's own top layer, statefully over whole sentences,
    and a plain softmax.
    """
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(TEXT) + "\n")
    model = model_of(path).eval()
    loader = WindowDataLoader(CorpusReader(), str(path), batch_size=1, window=4)
    loader.index_with(model.vocab)
    for batch in loader:
        model(**batch)
    metrics = model.get_metrics()

    projection = model.bilm.options.projection_dim
    states = model.bilm.lstm.initial_states(1)
    totals, number = [0.0, 0.0], 0
    with torch.no_grad():
        bounds = model.bilm.char_cnn(torch.stack([torch.from_numpy(ids.copy()) for ids in _boundary_ids()]))
        for line in TEXT:
            words = line.split()
            vectors = model.bilm.char_cnn(batch_to_ids([words])[0])
            forward, backward = torch.cat([bounds[:1], vectors]), torch.cat([bounds[1:], vectors.flip(0)])
            layers, states = model.bilm.lstm(torch.stack([forward, backward]), [1] * (len(words) + 1), states)
            assert layers[-1].shape == (2, len(words) + 1, projection)
            for direction, targets in enumerate(([*words, "</S>"], [*words[::-1], "<S>"])):
                ids = torch.tensor([model.vocab.get_token_index(word, "words") - 1 for word in targets])
                logits = layers[-1][direction] @ model.softmax.weight.t() + model.softmax.bias
                totals[direction] += float(F.cross_entropy(logits, ids, reduction="sum"))
            number += len(words) + 1
    assert metrics["forward_perplexity"] == pytest.approx(math.exp(totals[0] / number), rel=1e-4)
    assert metrics["backward_perplexity"] == pytest.approx(math.exp(totals[1] / number), rel=1e-4)


def _boundary_ids():
    from elmo_tasks.bilm.characters import SENTENCE_END_IDS, SENTENCE_START_IDS

    return SENTENCE_START_IDS, SENTENCE_END_IDS


@pytest.mark.parametrize("window", [1, 3, 50])
def test_the_window_does_not_change_the_perplexity(corpus, window):
    model = model_of(corpus).eval()
    results = []
    for length in (7, window):
        loader = WindowDataLoader(CorpusReader(), str(corpus), batch_size=1, window=length)
        loader.index_with(model.vocab)
        for batch in loader:
            model(**batch)
        results.append(model.get_metrics(reset=True)["perplexity"])
    assert results[0] == pytest.approx(results[1], rel=1e-5)


def test_unknown_words_are_counted(tmp_path, corpus):
    model = model_of(corpus).eval()
    path = tmp_path / "other.txt"
    path.write_text("the xylophone ran\n")
    loader = WindowDataLoader(CorpusReader(), str(path), batch_size=1, window=5)
    loader.index_with(model.vocab)
    for batch in loader:
        model(**batch)
    assert model.get_metrics()["unknown"] == pytest.approx(1 / 4)


def test_training_learns_and_validation_leaves_the_streams_alone(corpus, tmp_path):
    model = train_model(Params(config(corpus, epochs=12)), str(tmp_path / "run"))
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    # Fourteen words, and text that repeats: far below a uniform guess.
    assert metrics["best_validation_perplexity"] < 6
    assert model.vocab.get_vocab_size("words") > 10


def test_freed_memory_is_kept_where_a_training_begins(corpus, tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr("elmo_tasks.pretraining.language_model.keep_freed_memory", lambda: calls.append(1))
    model = model_of(corpus)
    measure_perplexity(model, str(corpus))
    torch.save(model.state_dict(), tmp_path / "best.th")
    model.vocab.save_to_files(str(tmp_path / "vocabulary"))
    (tmp_path / "config.json").write_text(json.dumps(config(corpus)))
    load_language_model(str(tmp_path))
    # A program that loads one, and asks it, has its memory as it likes.
    assert not calls
    train_model(Params(config(corpus, epochs=1)), str(tmp_path / "run"))
    assert calls


def test_every_parameter_gets_a_gradient(corpus):
    model = model_of(corpus)
    loader = WindowDataLoader(CorpusReader(), str(corpus), batch_size=4, window=5)
    loader.index_with(model.vocab)
    model(**next(iter(loader)))["loss"].backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert bool(parameter.grad.abs().sum() > 0), name


def in_bfloat16(corpus: Path, epochs: int) -> Params:
    settings = config(corpus, epochs)
    settings["model"]["dtype"] = "bfloat16"
    return Params(settings)


def test_training_in_bfloat16_learns(corpus, tmp_path):
    model = train_model(in_bfloat16(corpus, epochs=12), str(tmp_path / "run"))
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["best_validation_perplexity"] < 6
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert {part.dtype for state in model._states[True] for part in state} == {torch.float32}


def test_training_in_bfloat16_is_the_same_every_time(corpus, tmp_path):
    weights = []
    for run in ("first", "again"):
        torch.manual_seed(1)
        weights.append(train_model(in_bfloat16(corpus, epochs=2), str(tmp_path / run)).state_dict())
    assert all(torch.equal(weight, weights[1][name]) for name, weight in weights[0].items())


def test_gradients_in_bfloat16_are_close_to_those_in_float32(corpus):
    gradients = []
    for dtype in ("float32", "bfloat16"):
        torch.manual_seed(1)
        vocab = CorpusVocabulary.from_corpus(str(corpus))
        model = LanguageModel(vocab, OPTIONS, dropout=0.1, num_samples=8, dtype=dtype)
        loader = WindowDataLoader(CorpusReader(), str(corpus), batch_size=4, window=5)
        loader.index_with(vocab)
        model(**next(iter(loader)))["loss"].backward()
        gradients.append(torch.cat([parameter.grad.flatten() for parameter in model.parameters()]))
    assert 0 < (gradients[1] - gradients[0]).norm() / gradients[0].norm() < 0.02


def test_evaluation_after_training_in_bfloat16_is_exact(corpus):
    model = model_of(corpus).eval()
    results = []
    for dtype in ("float32", "bfloat16"):
        model.dtype = dtype
        loader = WindowDataLoader(CorpusReader(), str(corpus), batch_size=4, window=5)
        loader.index_with(model.vocab)
        for batch in loader:
            model(**batch)
        results.append(model.get_metrics(reset=True)["perplexity"])
    assert results[0] == results[1]


@pytest.mark.parametrize("dtype", ["float16", "bf16"])
def test_another_precision_is_refused(corpus, dtype):
    vocab = CorpusVocabulary.from_corpus(str(corpus))
    with pytest.raises(ConfigurationError, match=rf'dtype is "{dtype}"; it must be one of float32, bfloat16\.'):
        LanguageModel(vocab, OPTIONS, dtype=dtype)


@pytest.mark.parametrize("number", [-1, 2.0, None])
def test_a_number_of_samples_that_is_none_is_refused(corpus, number):
    with pytest.raises(ConfigurationError, match=rf"num_samples is {number}; it must be a whole number, 0 or more\."):
        LanguageModel(CorpusVocabulary.from_corpus(str(corpus)), OPTIONS, num_samples=number)


def test_a_vocabulary_without_words_is_refused(corpus):
    """Of one word, "unknown", perplexity is 1."""
    too_rare = CorpusVocabulary.from_corpus(str(corpus), min_count=1000)
    elsewhere = CorpusVocabulary.from_corpus(str(corpus), namespace="tokens")
    for vocab in (Vocabulary(), too_rare, elsewhere):
        with pytest.raises(ConfigurationError, match=r'no words in the namespace "words".*"elmo_corpus"') as error:
            LanguageModel(vocab, OPTIONS)
        assert "\n" not in str(error.value)


@pytest.fixture
def seen(monkeypatch):
    """The targets of each training batch; `seen.fatal` is the number of the batch at which training dies."""

    class Seen(list):
        fatal = None

    seen, forward = Seen(), LanguageModel.forward

    def watched(self, characters, inputs, targets):
        if self.training:
            seen.append(targets.clone())
            if len(seen) == seen.fatal:
                raise RuntimeError("killed")
        return forward(self, characters, inputs, targets)

    monkeypatch.setattr(LanguageModel, "forward", watched)
    return seen


def test_a_killed_run_resumes_where_it_was(corpus, tmp_path, seen):
    """A run that dies in its second epoch and is recovered reads on where its last checkpoint was."""

    def settings() -> Params:
        return Params(config(corpus, epochs=3, checkpointer={"save_every_num_batches": 4}))

    train_model(settings(), str(tmp_path / "whole"))
    whole = list(seen)
    batches = len(whole) // 3
    seen.clear()
    seen.fatal = batches + 7
    with pytest.raises(RuntimeError, match="killed"):
        train_model(settings(), str(tmp_path / "broken"))
    seen.clear()
    seen.fatal = None
    train_model(settings(), str(tmp_path / "broken"), recover=True)
    # Checkpoints come every four batches: at most so many are trained on again.
    resumed = len(whole) - len(seen)
    assert batches < resumed < batches + 7 <= resumed + 4
    assert all(map(torch.equal, seen, whole[resumed:]))
    metrics = [json.loads((tmp_path / run / "metrics.json").read_text()) for run in ("whole", "broken")]
    assert metrics[0]["epoch"] == metrics[1]["epoch"] == 2


def test_archive_and_export_through_the_command_line(corpus, tmp_path):
    run, out = tmp_path / "run", tmp_path / "bilm"
    model = train_model(Params(config(corpus, epochs=1)), str(run))
    command = [sys.executable, "-m", "elmo_tasks"]
    root = Path(__file__).parents[2]
    measured = subprocess.run(
        [
            *command,
            "elmo-perplexity",
            str(run / "model.tar.gz"),
            str(corpus),
            "--output-file",
            str(tmp_path / "p.json"),
        ],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    figures = json.loads((tmp_path / "p.json").read_text())[str(corpus)]
    assert f"{figures['perplexity']:.2f}" in measured.stdout
    assert figures["tokens"] == sum(len(line.split()) + 1 for line in TEXT) * 8
    subprocess.run([*command, "elmo-export", str(run), str(out)], cwd=root, capture_output=True, check=True)

    from allennlp.modules.elmo import Elmo

    stock = Elmo(str(out / "options.json"), str(out / "weights.hdf5"), 1, dropout=0.0)
    ids = batch_to_ids([["the", "cat"], ["a", "dog", "ran"]])
    layers = torch.stack(stock._elmo_lstm(ids)["activations"], dim=1)[:, :, 1:-1]
    ours = load_archive(str(run)).model.bilm(ids)
    torch.testing.assert_close(ours.layers, layers * ours.mask[:, None, :, None], rtol=1e-5, atol=1e-5)
    assert isinstance(model, LanguageModel)


def test_what_is_no_language_model_is_refused(tmp_path):
    command = [sys.executable, "-m", "elmo_tasks", "elmo-export", str(tmp_path / "nothing"), str(tmp_path / "out")]
    result = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "does not exist" in result.stderr
    assert not (tmp_path / "out").exists()


def train_on_two_nodes(config: Path, runs: list[Path]) -> None:
    """Two nodes of one process each, on this machine. They meet at a port that is free."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    nodes = {"cuda_devices": [-1], "num_nodes": 2, "primary_address": "127.0.0.1", "primary_port": port}
    command = [sys.executable, "-m", "elmo_tasks", "train", str(config), "-o", json.dumps({"distributed": nodes})]

    def train(rank: int, run: Path) -> subprocess.CompletedProcess:
        node = [*command, "-s", str(run), "--node-rank", str(rank)]
        return subprocess.run(node, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=1200)

    with ThreadPoolExecutor(len(runs)) as nodes_at_once:
        for result in nodes_at_once.map(train, range(len(runs)), runs):
            assert result.returncode == 0, result.stderr[-3000:]


def test_two_nodes_train_as_one_process_does(tmp_path):
    """
    Each sentence fills a window, so that two times two streams read what four do, a batch at a time; and all words are
    scored, so that nothing is drawn. With "sparse_gradients", which two processes have to add up as dense ones.
    """
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("the cat saw it\na dog saw it\nthe dog ran off\nit saw the cat\n" * 8)
    settings = config(corpus, epochs=2)
    settings["model"] |= {"num_samples": 0, "sparse_gradients": True}
    settings["data_loader"] |= {"batch_size": 2, "shuffle_buffer": 0}
    settings["trainer"]["optimizer"] |= {
        "lr": 0.01,
        "parameter_groups": [[["^softmax[.]"], {"rows": True, "lr": 0.04}]],
    }
    (tmp_path / "config.json").write_text(json.dumps(settings))
    runs = [tmp_path / "first", tmp_path / "second"]
    train_on_two_nodes(tmp_path / "config.json", runs)

    settings["data_loader"]["batch_size"] = settings["validation_data_loader"]["batch_size"] = 4
    expected = train_model(Params(settings), str(tmp_path / "one")).state_dict()
    for run in runs:
        for name, weight in load_archive(str(run)).model.state_dict().items():
            torch.testing.assert_close(weight, expected[name], rtol=1e-4, atol=1e-5)
    perplexities = [json.loads((run / "metrics.json").read_text())["validation_perplexity"] for run in runs]
    one = json.loads((tmp_path / "one" / "metrics.json").read_text())["validation_perplexity"]
    # Each process validates on its share: together every token of the corpus once.
    assert perplexities == pytest.approx([one, one], rel=1e-4)

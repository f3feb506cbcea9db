import importlib
import json
import pickle
import warnings
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import spacy
import torch
from allennlp.commands import evaluate
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import check_for_gpu
from allennlp.common.file_utils import TensorCache
from allennlp.data import DataLoader
from allennlp.data.tokenizers import PretrainedTransformerTokenizer, SpacyTokenizer, Tokenizer
from allennlp.data.tokenizers.sentence_splitter import SpacySentenceSplitter
from allennlp.models import Model, SimpleTagger, archival
from allennlp.modules.token_embedders import TokenEmbedder
from allennlp.predictors import Predictor
from allennlp.training import Trainer, gradient_descent_trainer
from allennlp.training import util as training_util
from allennlp.training.callbacks import TrainerCallback
from allennlp.training.learning_rate_schedulers import LearningRateScheduler, ReduceOnPlateauLearningRateScheduler

from elmo_tasks import compat
from elmo_tasks.device import DeviceError


def plateau(**params: Any) -> tuple[Any, torch.optim.Optimizer]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    return LearningRateScheduler.from_params(
        Params({"type": "reduce_on_plateau", **params}), optimizer=optimizer
    ), optimizer


def test_reduce_on_plateau_halves_the_rate_when_the_metric_stands_still() -> None:
    scheduler, optimizer = plateau(mode="max", factor=0.5, patience=1, verbose=True)
    rates = []
    for metric in (0.1, 0.2, 0.2, 0.2, 0.2, 0.2, 0.9):
        scheduler.step(metric)
        rates.append(optimizer.param_groups[0]["lr"])
    # One bad epoch is borne; the second one halves the rate.
    assert rates == [1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25]


def test_reduce_on_plateau_hands_on_every_parameter() -> None:
    params = {"mode": "max", "factor": 0.2, "patience": 3, "threshold_mode": "abs", "threshold": 0.5}
    params |= {"cooldown": 2, "min_lr": 0.01, "eps": 1e-5}
    scheduler, optimizer = plateau(**params)
    expected = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **params)  # type: ignore[arg-type]
    assert scheduler.state_dict() == expected.state_dict()


def test_reduce_on_plateau_is_still_the_stock_class_also_in_python() -> None:
    scheduler, optimizer = plateau(patience=3)
    assert type(scheduler) is ReduceOnPlateauLearningRateScheduler
    in_python: Any = ReduceOnPlateauLearningRateScheduler(optimizer=cast(Any, optimizer), patience=3)
    assert in_python.state_dict() == scheduler.state_dict()
    assert in_python.lr_scheduler.patience == 3


@pytest.mark.parametrize("number", [np.float64(0.5), np.float32(0.5), np.int64(3), np.bool_(True)])
def test_torch_loads_numpy_numbers(number: Any, tmp_path: Path) -> None:
    torch.save({"number": number}, tmp_path / "state.th")
    loaded = torch.load(tmp_path / "state.th")["number"]
    assert loaded == number
    assert type(loaded) is type(number)


class Harmful:
    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("code from a file was run",))


def test_torch_still_refuses_to_run_code_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"harmful": Harmful()}, tmp_path / "state.th")
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        torch.load(tmp_path / "state.th")
    assert capsys.readouterr().out == ""


def test_applying_again_changes_nothing() -> None:
    before = warnings.filters[:]  # type: ignore[index]
    allowed = set(torch.serialization.get_safe_globals())
    importlib.reload(compat)
    assert set(torch.serialization.get_safe_globals()) == allowed
    assert len(warnings.filters) <= len(before) + 1
    plateau()


def test_the_autocast_warning_is_silenced_for_allennlps_trainer_only() -> None:
    text = "`torch.cuda.amp.autocast(args...)` is deprecated."
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        compat.silence_autocast_warning()
        for module in ("allennlp.training.gradient_descent_trainer", "users.own.module"):
            warnings.warn_explicit(text, FutureWarning, "file.py", 1, module=module)
    assert len(seen) == 1


def test_a_tensor_cache_reads_what_it_has_written(tmp_path: Path) -> None:
    cache = TensorCache(tmp_path / "cache")
    whole = torch.arange(1000.0)
    cache["slice"] = whole[10:13]
    cache["flags"] = torch.tensor([True, False])
    cache.cache_cache.clear()
    assert cache["slice"].tolist() == [10, 11, 12]
    assert cache["flags"].tolist() == [True, False]
    # Not the whole tensor that it is a slice of.
    assert cache["slice"].untyped_storage().nbytes() == 12


@pytest.mark.parametrize("clip", [gradient_descent_trainer.clip_grad_norm_, training_util.clip_grad_norm_])
@pytest.mark.parametrize("max_norm", [0.5, 100.0])
def test_sparse_gradients_are_clipped_as_dense_ones(clip: Any, max_norm: float) -> None:
    weights = {}
    for sparse in (False, True):
        torch.manual_seed(1)
        table, other = torch.nn.Parameter(torch.randn(5, 2)), torch.nn.Parameter(torch.randn(2))
        # A row that occurs twice.
        rows = torch.nn.functional.embedding(torch.tensor([1, 3, 1]), table, sparse=sparse)
        (rows * other).square().sum().backward()
        assert table.grad is not None
        assert other.grad is not None
        assert table.grad.is_sparse == sparse
        norm = clip([table, other], max_norm)
        weights[sparse] = [norm, table.grad.to_dense(), other.grad]
    torch.testing.assert_close(weights[True], weights[False])


def test_transformers_tokenizer(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c"]))
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    tokenizer = PretrainedTransformerTokenizer(str(tmp_path))
    assert [token.text for token in tokenizer.tokenize("a c")] == ["[CLS]", "a", "c", "[SEP]"]
    without = PretrainedTransformerTokenizer(str(tmp_path), add_special_tokens=False)
    assert [token.text for token in without.tokenize("a c")] == ["a", "c"]
    assert [token.text for token in without.add_special_tokens(without.tokenize("a"), without.tokenize("b"))] == [
        "[CLS]", "a", "[SEP]", "b", "[SEP]"
    ]  # fmt: skip


# Words without spaCy's model


no_model = pytest.mark.skipif(spacy.util.is_package("en_core_web_sm"), reason="spaCy's model is installed")
TEXT = "Don't panic, it's  only $5 (at most)!"
WORDS = ["Do", "n't", "panic", ",", "it", "'s", "only", "$", "5", "(", "at", "most", ")", "!"]


def texts(tokens: list[Any]) -> list[str]:
    return [token.text for token in tokens]


@no_model
def test_spacys_rules_need_no_model(caplog: pytest.LogCaptureFixture) -> None:
    compat._rules_of.cache_clear()
    for tokenizer in (SpacyTokenizer(), SpacyTokenizer(pos_tags=False), Tokenizer.from_params(Params({}))):
        assert texts(tokenizer.tokenize(TEXT)) == WORDS
    # This tokenizer puts another one into its model, which the others must not get.
    assert texts(SpacyTokenizer(split_on_spaces=True).tokenize("Don't panic,")) == ["Don't", "panic,"]
    assert texts(SpacyTokenizer().tokenize(TEXT)) == WORDS
    said = [record for record in caplog.records if record.levelname == "WARNING"]
    assert [record.message for record in said if "en_core_web_sm" in record.message] == [
        "spaCy's model en_core_web_sm is not installed: words are split by the same rules, without tags."
    ]
    assert texts(SpacyTokenizer("de_core_news_sm").tokenize("z.B. heute")) == ["z.B.", "heute"]


@no_model
@pytest.mark.parametrize("asked", [{"pos_tags": True}, {"parse": True}, {"ner": True}, {"keep_spacy_tokens": True}])
@pytest.mark.parametrize("in_python", [True, False])
def test_a_model_that_is_asked_for_is_still_loaded(
    asked: dict, in_python: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = []

    def download(name: str) -> None:
        wanted.append(name)
        raise SystemExit(1)

    monkeypatch.setattr("allennlp.common.util.spacy_download", download)
    with pytest.raises(SystemExit):
        SpacyTokenizer(**asked) if in_python else Tokenizer.from_params(Params({"type": "spacy", **asked}))
    assert wanted == ["en_core_web_sm"]


@no_model
def test_sentences_are_split_by_rules_without_a_model() -> None:
    assert SpacySentenceSplitter(rule_based=True).split_sentences("One. Two!") == ["One.", "Two!"]
    assert texts(SpacyTokenizer().tokenize(TEXT)) == WORDS


def test_predictions_have_letters_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    output = {"words": ["Değirmen", "水车"]}
    monkeypatch.setattr(compat.locale, "getpreferredencoding", lambda *_: "utf-8")
    assert Predictor.dump_line(None, output) == '{"words": ["Değirmen", "水车"]}\n'  # type: ignore[arg-type]
    # What the output cannot hold is escaped: a lone surrogate anywhere, more where the system has no UTF-8.
    lone = {"words": ["Dé\ud83d"]}
    assert Predictor.dump_line(None, lone) == json.dumps(lone) + "\n"  # type: ignore[arg-type]
    monkeypatch.setattr(compat.locale, "getpreferredencoding", lambda *_: "latin-1")
    assert Predictor.dump_line(None, output) == json.dumps(output) + "\n"  # type: ignore[arg-type]


# The command evaluate, and where there is no GPU


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"batch_sampler": {"type": "bucket", "batch_size": 2}},
            {"batch_sampler": {"type": "bucket", "batch_size": 7}},
        ),
        ({"batch_sampler": {"type": "max_tokens_sampler", "max_tokens": 9}}, {"batch_size": 7}),
        ({"batch_size": 2, "shuffle": True}, {"batch_size": 7, "shuffle": True}),
    ],
)
def test_evaluates_batch_size_counts_with_any_sampler(
    given: dict, expected: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(DataLoader, "from_params", lambda params, **extras: asked.append(params.as_dict(quiet=True)))
    params = Params(given)
    # As the command does.
    params["batch_size"] = 7
    evaluate.DataLoader.from_params(params=params, reader=None, data_path="")
    assert asked == [expected]


def test_a_model_for_a_gpu_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="cuda_device 99"):
        Model.load(Params({}), str(tmp_path), cuda_device=99)


@pytest.mark.parametrize("devices", [99, [-1, 99]])
def test_a_gpu_that_is_not_there(devices: int | list[int]) -> None:
    """AllenNLP's trainers, evaluators and commands ask so."""
    check_for_gpu(-1)
    with pytest.raises(DeviceError, match="cuda_device 99: there is no such GPU; torch sees"):
        check_for_gpu(devices)


def test_a_training_on_a_gpu_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="cuda_device 99"):
        Trainer(serialization_dir=tmp_path, cuda_device=99)


def test_an_archive_for_a_gpu_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archival, "get_weights_path", lambda folder: "")
    (tmp_path / "config.json").write_text('{"dataset_reader": {"type": "sequence_tagging"}, "model": {"type": "x"}}')
    with pytest.raises(DeviceError, match="cuda_device 99: there is no such GPU; torch sees"):
        archival.load_archive(tmp_path, cuda_device=99)


# A stock experiment, stopped and taken up again


@Model.register("tests_numpy_tagger")
class NumpyTagger(SimpleTagger):
    """A tagger whose metrics are NumPy numbers, as AllenNLP's "spearman_correlation" gives them."""

    def get_metrics(self, reset: bool = False) -> dict[str, float]:
        return {name: np.float64(value) for name, value in super().get_metrics(reset).items()}


class Killed(Exception):
    pass


@TrainerCallback.register("tests_kill")
class Kill(TrainerCallback):
    """Stops the training in the middle of its second epoch, once."""

    armed = True

    def on_batch(
        self,
        trainer: Any,
        batch_inputs: Any,
        batch_outputs: Any,
        batch_metrics: Any,
        epoch: int,
        batch_number: int,
        is_training: bool,
        is_primary: bool = True,
        batch_grad_norm: float | None = None,
        **kwargs: Any,
    ) -> None:
        if Kill.armed and is_training and (epoch, batch_number) == (1, 2):
            Kill.armed = False
            raise Killed


@pytest.mark.parametrize(
    "scheduler", [{"type": "reduce_on_plateau", "mode": "max"}, {"type": "cosine", "t_initial": 2}]
)
def test_a_killed_training_is_recovered(scheduler: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "train.tsv").write_text("the###D cat###N sees###V Anna###P\nAnna###P sees###V\n" * 4)
    config = {
        "dataset_reader": {"type": "sequence_tagging"},
        "train_data_path": str(tmp_path / "train.tsv"),
        "validation_data_path": str(tmp_path / "train.tsv"),
        "model": {
            "type": "tests_numpy_tagger",
            "text_field_embedder": {"token_embedders": {"tokens": {"type": "embedding", "embedding_dim": 4}}},
            "encoder": {"type": "lstm", "input_size": 4, "hidden_size": 4},
        },
        "data_loader": {"batch_size": 2},
        "trainer": {
            "num_epochs": 3,
            "optimizer": "adam",
            "learning_rate_scheduler": scheduler,
            "validation_metric": "+accuracy",
            "cuda_device": -1,
            "callbacks": ["tests_kill"],
        },
    }
    Kill.armed = True
    out = tmp_path / "run"
    with pytest.raises(Killed):
        train_model(Params(json.loads(json.dumps(config))), str(out))
    train_model(Params(json.loads(json.dumps(config))), str(out), recover=True)
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["epoch"] == 2
    assert (out / "metrics_epoch_2.json").exists()
    # The first epoch was not trained again: its figures are those of before the kill.
    assert json.loads((out / "metrics_epoch_0.json").read_text())["epoch"] == 0


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("embedder", ["character_encoding", "elmo_distinct_character_encoding"])
def test_short_words_are_zeros_in_mixed_precision(embedder: str, dtype: torch.dtype) -> None:
    encoder = {"type": "cnn", "embedding_dim": 4, "num_filters": 5, "ngram_filter_sizes": [3], "output_dim": 2}
    params = {"type": embedder, "embedding": {"num_embeddings": 7, "embedding_dim": 4}, "encoder": encoder}
    module = TokenEmbedder.from_params(Params(params))
    # A word, a shorter one than the filters are wide, and padding.
    characters = torch.tensor([[[1, 2, 3, 4], [1, 0, 0, 0], [0, 0, 0, 0]]])
    expected = module(characters)
    with torch.autocast("cpu", dtype):
        torch.testing.assert_close(module(characters), expected)

"""A genre has its own vector if a training document had it, and otherwise the mean of those that were trained."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.data import Batch, DatasetReader, Token, Vocabulary
from allennlp.models import Model, load_archive
from allennlp.predictors import Predictor
from torch import Tensor

from elmo_tasks.tasks.coreference.genres import Genres

Config = Callable[..., Params]
# AllenNLP's default; the shipped configs say that the training data alone make the vocabulary.
ALL_DATA = {"datasets_for_vocab_creation": ["train", "validation"]}


@torch.no_grad()
def loss(model: Model, reader: DatasetReader, genre: str | None) -> float:
    """A document's, which is a number that its genre changes."""
    sentences = [[Token(word) for word in sentence.split()] for sentence in ("I saw her .", "She left .")]
    instance = reader.text_to_instance(sentences, [[(2, 3), (4, 5)]], None, genre)
    reader.apply_token_indexers(instance)
    batch = Batch([instance])
    batch.index_instances(model.vocab)
    return model.eval()(**batch.as_tensor_dict())["loss"].item()


def in_genre(genre: str, corpus: str, folder: Path) -> str:
    """The corpus with that genre in the place of `di`, beside `st`."""
    path = folder / f"{genre}.gold_conll"
    path.write_text(Path(corpus).read_text().replace("di/", f"{genre}/"))
    return str(path)


def number(model: Any, genre: str) -> int:
    return model.vocab.get_token_index(genre, "genre_labels")


def test_a_genre_of_development_data_alone_is_the_mean_of_the_trained_ones(
    config: Config, corpus: str, tmp_path: Path
) -> None:
    params = config(None, ALL_DATA | {"validation_data_path": in_genre("nw", corpus, tmp_path)})
    trained = train_model(params, str(tmp_path / "run"))
    archive = load_archive(tmp_path / "run" / "model.tar.gz")
    model: Any = archive.model
    for one in (trained, model):
        assert loss(one, archive.dataset_reader, "nw") == loss(one, archive.dataset_reader, None)
    weights = model.genres.weight.data
    assert len(weights) == 3
    without = loss(model, archive.dataset_reader, None)
    mean = (weights[number(model, "st")] + weights[number(model, "di")]) / 2
    weights[number(model, "nw")] = 1000
    assert loss(model, archive.dataset_reader, "nw") == without
    weights[number(model, "st")] = mean
    assert loss(model, archive.dataset_reader, "st") == pytest.approx(without)


def test_fine_tuning_on_new_genres(config: Config, corpus: str, tmp_path: Path) -> None:
    """What training learned the new archive has; it is loaded, predicts, and is trained on."""
    first: Any = train_model(config(None), str(tmp_path / "first"))
    overrides = {
        **ALL_DATA,
        "train_data_path": in_genre("nw", corpus, tmp_path),
        "validation_data_path": in_genre("bn", corpus, tmp_path),
    }
    archived = {"model": {"type": "from_archive", "archive_file": str(tmp_path / "first" / "model.tar.gz")}}
    params = config(None, overrides).as_dict() | archived
    tuned: Any = train_model(Params(params), str(tmp_path / "second"))
    archive = load_archive(tmp_path / "second" / "model.tar.gz")
    model: Any = archive.model
    genres = ("st", "di", "nw", "bn", None)
    losses = {genre: loss(model, archive.dataset_reader, genre) for genre in genres}
    assert losses == {genre: pytest.approx(loss(tuned, archive.dataset_reader, genre)) for genre in genres}
    assert losses["bn"] == losses[None]
    assert len(set(losses.values())) == 4
    # No document of fine-tuning has it.
    weights = model.genres.weight
    assert torch.equal(weights[number(model, "di")], first.genres.weight[number(first, "di")])
    # Adam's one step: by its rate, from where it began.
    moved = weights[number(model, "nw")] - first.genres.weight.mean(dim=0)
    assert 0 < moved.abs().max() < 0.01
    answer = Predictor.from_archive(archive).predict_json({"text": "Ada left. She ran.", "genre": "nw"})
    assert answer["text"] == "Ada left. She ran."

    params = config(None, {**overrides, "trainer.num_epochs": 2}).as_dict() | archived
    # AllenNLP asks for the same config again; more epochs stand for a run that was killed early.
    Params(params).to_file(str(tmp_path / "second" / "config.json"))
    train_model(Params(params), str(tmp_path / "second"), recover=True)
    assert (tmp_path / "second" / "metrics_epoch_1.json").is_file()


def vectors(genres: Genres) -> list[Tensor]:
    """Of each genre, of one behind the last, of one that is not known, and of none."""
    return [genres(torch.tensor(genre)) for genre in (*range(len(genres.weight)), 7, -100)] + [genres(None)]


def test_those_that_no_batch_had_are_the_mean_of_the_others() -> None:
    genres = Genres(4, 3)
    one, two, three, four = genres.weight
    torch.testing.assert_close(vectors(genres), [one, two, three, four, *[(one + two + three + four) / 4] * 3])
    genres.train_on(torch.tensor([-100, 9]))
    genres.train_on(torch.tensor([2, -100]))
    torch.testing.assert_close(vectors(genres), [three] * 7)
    genres.train_on(torch.tensor([0, 2]))
    mean = (one + three) / 2
    torch.testing.assert_close(vectors(genres), [one, mean, three, mean, mean, mean, mean])
    loaded = Genres(4, 3)
    loaded.load_state_dict(genres.state_dict())
    assert all(map(torch.equal, vectors(loaded), vectors(genres)))


def test_another_processs_batch_trains_too(monkeypatch: pytest.MonkeyPatch) -> None:
    genres = Genres(3, 2)
    monkeypatch.setattr("elmo_tasks.tasks.coreference.genres.gathered", lambda share: [share, [], [2, 2]])
    genres.train_on(torch.tensor([0]))
    mean = (genres.weight[0] + genres.weight[2]) / 2
    torch.testing.assert_close(vectors(genres)[1], mean)


def test_new_genres_begin_with_the_mean() -> None:
    genres = Genres(2, 3)
    genres.weight.requires_grad_(False)
    genres.train_on(torch.tensor([1]))
    before = genres.weight.clone()
    vocab = Vocabulary(tokens_to_add={"genre_labels": ["a", "b", "c", "d"]})
    genres.extend_vocab(vocab, extension_pretrained_file=None, model_path="genres")
    assert torch.equal(genres.weight, before[[0, 1, 1, 1]])
    assert not genres.weight.requires_grad
    genres.extend_vocab(vocab)
    assert genres.weight.shape == (4, 3)


def test_earlier_versions_weights() -> None:
    """They did not say what was trained, and the earliest had a vector more, the first one."""
    genres = Genres(2, 3)
    weight = torch.randn(2, 3)
    for kept in (weight, torch.cat([torch.ones(1, 3), weight])):
        genres.load_state_dict({"weight": kept})
        torch.testing.assert_close(vectors(genres), [*weight, *[weight.mean(dim=0)] * 3])
    with pytest.raises(RuntimeError, match="size mismatch for weight"):
        genres.load_state_dict({"weight": torch.ones(4, 3)})

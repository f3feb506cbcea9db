"""Tiny biLMs, transformers and experiments, and what holds for every task's predictor."""

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import _jsonnet
import pytest
import torch
import torch.distributed as dist
from allennlp.commands.train import train_model
from allennlp.common import Params, util
from allennlp.common.params import with_overrides
from allennlp.data import DatasetReader, Instance
from allennlp.data.data_loaders import MultiProcessDataLoader
from allennlp.interpret.saliency_interpreters import SaliencyInterpreter
from allennlp.predictors import Predictor
from tiny_transformers import bert as bert

from elmo_tasks.bilm import BiLM, BiLMOptions

LIBRARIES = Path(__file__).parents[2] / "training_configs" / "lib"


@pytest.fixture(scope="session")
def make_bilm(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], dict[str, str]]:
    """The files of a biLM with random weights whose layers have this many dimensions."""

    def make(dim: int) -> dict[str, str]:
        folder = tmp_path_factory.mktemp("bilm")
        files = {"options_file": str(folder / "options.json"), "weight_file": str(folder / "weights.hdf5")}
        options = BiLMOptions(filters=((1, 4), (2, 4)), num_highway=1, cell_dim=8, projection_dim=dim // 2)
        with torch.random.fork_rng():
            torch.manual_seed(1)
            BiLM(options).save(**files)
        return files

    return make


@pytest.fixture(scope="session")
def experiment(make_bilm: Callable[[int], dict[str, str]]) -> Callable[..., Params]:
    """What a task's library makes of a corpus, a place for a tiny biLM, and more arguments; then overrides."""
    bilm = {**make_bilm(6), "dim": 6}

    def make(
        task: str, corpus: str, place: str | None, overrides: dict[str, Any] | None = None, **arguments: Any
    ) -> Params:
        given = {"train": corpus, "validation": corpus, "place": place or "input"}
        given |= {"bilm": bilm if place else None, **arguments}
        library = json.dumps(str(LIBRARIES / f"{task}.libsonnet"))
        named = ", ".join(f"{name}={json.dumps(value)}" for name, value in given.items())
        config = _jsonnet.evaluate_snippet(task, f"(import {library}).experiment({named})")
        return Params(with_overrides(json.loads(config), overrides or {}))

    return make


def assert_same(actual: Any, expected: Any) -> None:
    """Equal, where numbers may differ by rounding, wherever they are in lists and dictionaries."""
    if isinstance(expected, dict):
        assert set(actual) == set(expected)
        for key, value in expected.items():
            assert_same(actual[key], value)
    elif isinstance(expected, list):
        for one, other in zip(actual, expected, strict=True):
            assert_same(one, other)
    elif isinstance(expected, float):
        assert actual == pytest.approx(expected, rel=1e-4, abs=1e-5)
    else:
        assert actual == expected


@pytest.fixture
def check_same() -> Callable[[Any, Any], None]:
    """`assert_same`."""
    return assert_same


@pytest.fixture
def assert_stable() -> Callable[[Predictor, Sequence[dict[str, Any]]], None]:
    """Checks that a predictor gives each input the same answer twice, in any order, in batches of any size."""

    def check(predictor: Predictor, inputs: Sequence[dict[str, Any]]) -> None:
        expected = [predictor.predict_json(dict(one)) for one in inputs]
        assert len({str(answer) for answer in expected}) == len(inputs), "each input should have an answer of its own"
        for size in (1, 2, 3, len(inputs)):
            order = random.Random(size).sample(range(len(inputs)), len(inputs))
            for start in range(0, len(order), size):
                places = order[start : start + size]
                answers = predictor.predict_batch_json([dict(inputs[place]) for place in places])
                assert_same(answers, [expected[place] for place in places])

    return check


@pytest.fixture
def check_saliency() -> Callable[[Predictor, dict[str, Any], dict[str, int]], None]:
    """Checks that AllenNLP Interpret weighs each text's tokens, whose numbers are given by the gradients' names."""

    def check(predictor: Predictor, given: dict[str, Any], lengths: dict[str, int]) -> None:
        for name in ("simple-gradient", "integrated-gradient", "smooth-gradient"):
            explained = SaliencyInterpreter.by_name(name)(predictor).saliency_interpret_from_json(dict(given))
            assert explained
            for gradients in explained.values():
                assert {key: len(weights) for key, weights in gradients.items()} == lengths
                for weights in gradients.values():
                    assert sum(weights) == pytest.approx(1, abs=1e-4)

    return check


@pytest.fixture
def check_sharing(
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[DatasetReader, Callable[[int], Path], Callable[[Instance], str]], None]:
    """
    Checks that processes read each instance of a file once, and as many each. The file is given by a function of the
    number of its instances, and these are numbered from 0 by what the last function finds in them.
    """

    def check(reader: DatasetReader, numbered: Callable[[int], Path], number: Callable[[Instance], str]) -> None:
        loader = MultiProcessDataLoader(reader, numbered(7), batch_size=1, num_workers=2)
        assert sorted(number(instance) for instance in loader.iter_instances()) == [str(n) for n in range(7)]
        path = numbered(6)
        monkeypatch.setattr(util, "is_distributed", lambda: True)
        monkeypatch.setattr(dist, "get_world_size", lambda: 2)
        shares = []
        for rank in range(2):
            monkeypatch.setattr(dist, "get_rank", lambda rank=rank: rank)
            shares.append([number(instance) for instance in reader.read(path)])
        assert shares == [["0", "2", "4"], ["1", "3", "5"]]

    return check


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`beside(share, ...)`: from then on this process is one of several, the others of which gathered these shares."""

    def beside(*others: object) -> None:
        def gather(shares: list[object], own: object) -> None:
            shares[:] = [own, *others]

        monkeypatch.setattr("elmo_tasks.tasks.base.metric.is_distributed", lambda: True)
        monkeypatch.setattr(dist, "get_world_size", lambda: 1 + len(others))
        monkeypatch.setattr(dist, "all_gather_object", gather)

    return beside


@pytest.fixture(scope="module")
def archive(config: Callable[..., Params], tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model that has learned next to nothing; `config` is the task's."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    train_model(config("both"), str(folder))
    return str(folder / "model.tar.gz")


@pytest.fixture(scope="module")
def predictor(archive: str) -> Predictor:
    """The archive's own."""
    return Predictor.from_path(archive)

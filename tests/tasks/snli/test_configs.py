"""What is special in the shipped configs of ESIM; the pairs written for this project are as said."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from allennlp.common import Params
from allennlp.data import DatasetReader
from fixture_readmes import readme_counts
from shipped_configs import CONFIGS, made_small, shipped

from task_setup import TaskSetup

FIXTURES = Path(__file__).parents[3] / "fixtures" / "snli"


@pytest.fixture
def setup(request: pytest.FixtureRequest, make_bilm: Callable[[int], dict[str, str]], tmp_path: Path) -> TaskSetup:
    return TaskSetup(made_small(request.param, make_bilm(6), tmp_path))


def with_setup(names: list[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("name", "setup"), [(name, name) for name in names], indirect=["setup"])


SNLI = [name for name in CONFIGS if name.startswith("snli/")]


@with_setup(SNLI)
def test_gamma_starts_as_said(name: str, setup: TaskSetup) -> None:
    """From 1 beside word vectors that are trained, and by their length beside frozen ones; at the output always so."""
    gammas = {path: gamma for path, gamma in setup.model.named_parameters() if path.endswith("gamma")}
    assert bool(gammas) == ("elmo" in name)
    assert {gamma.item() for gamma in gammas.values()} <= {1.0}
    setup.model.train()
    setup.run(setup.instances[:2])
    words = setup.model.text_field_embedder.parameters()
    stays = {path for path in gammas if ".input." in path and all(weight.requires_grad for weight in words)}
    assert {path for path, gamma in gammas.items() if gamma.item() == 1} == stays


@with_setup(SNLI)
def test_is_regularised_as_said(name: str, setup: TaskSetup) -> None:
    """The patterns of the config's regularizer match all weight matrices of the task, and nothing else."""
    config, model = shipped(name)["model"], setup.model
    assert ("regularizer" in config) == (name == "snli/snli_elmo")
    expected = 0.0
    if "regularizer" in config:
        parts = ("encoder", "inference_encoder", "projection", "classifier")
        matrices = [(path, parameter) for path, parameter in model.named_parameters() if parameter.dim() == 2]
        assert {path.split(".")[0] for path, _ in matrices} == {*parts, "text_field_embedder"}
        expected += sum(
            0.0001 * parameter.square().sum().item() for path, parameter in matrices if path.split(".")[0] in parts
        )
    if "elmo" in config:
        expected += model.elmo.penalty().item()
    penalty = model.get_regularization_penalty()
    assert (0.0 if penalty is None else penalty.item()) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", ["snli/snli_baseline", "snli/snli_elmo"])
def test_the_official_files_are_read(name: str, corpus: str) -> None:
    reader = DatasetReader.from_params(Params(shipped(name)["dataset_reader"]))
    pairs = list(reader.read(corpus))
    assert len(pairs) == 5
    # As the parse has it.
    assert [token.text for token in pairs[1]["premise"].tokens] == ["The", "tall", "(", "sic", ")", "cat"]


@pytest.mark.parametrize("part", ["train", "dev"])
def test_the_small_corpus_is_as_its_readme_says(part: str) -> None:
    path = FIXTURES / f"{part}.jsonl"
    pairs = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert all(list(pair) == ["gold_label", "sentence1", "sentence2"] for pair in pairs)
    labels = Counter(pair["gold_label"] for pair in pairs)
    premises = {pair["sentence1"] for pair in pairs}
    of_labels = {label: labels[label] for label in ("entailment", "neutral", "contradiction", "-")}
    assert readme_counts(path) == {"premises": len(premises), **of_labels}
    assert len({pair["sentence2"] for pair in pairs}) == len(pairs)

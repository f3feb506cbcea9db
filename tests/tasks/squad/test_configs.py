"""The paper's experiment and the questions written for this project are as said."""

import json
from pathlib import Path

import pytest
from allennlp.data import DatasetReader
from shipped_configs import shipped

FIXTURES = Path(__file__).parents[3] / "fixtures" / "squad"


def test_the_papers_experiment() -> None:
    """Peters et al. 2018, appendix A.3."""
    config = shipped("squad/squad_elmo")
    model, trainer = config["model"], config["trainer"]
    assert {model[layer]["hidden_size"] for layer in model if layer.endswith(("_layer", "_encoder"))} == {90}
    assert model["contextual_layer"]["type"] == "elmo_padded_gru"
    assert (model["dropout"], model["variational_dropout"], model["max_span_length"]) == (0.2, True, 17)
    assert (model["elmo"]["place"], model["elmo"]["scalar_l2"]) == ("both", 0)
    assert model["text_field_embedder"]["token_embedders"]["tokens"]["trainable"] is False
    assert (config["data_loader"]["batch_sampler"]["batch_size"], trainer["optimizer"]["type"]) == (45, "adadelta")
    assert trainer["moving_average"]["type"] == "exponential"


@pytest.mark.parametrize(("name", "questions"), [("train", 35), ("dev", 12)])
def test_the_fixtures_are_as_their_readme_says(name: str, questions: int, caplog: pytest.LogCaptureFixture) -> None:
    path = FIXTURES / f"{name}.json"
    instances = list(DatasetReader.by_name("elmo_squad")().read(path))
    assert len(instances) == questions
    assert "answers" not in caplog.text  # all of them are whole tokens
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    paragraphs = [paragraph for article in articles for paragraph in article["paragraphs"]]
    row = f"| {name}.json | {len(articles)} | {len(paragraphs)} | {questions} |"
    assert row in (FIXTURES / "README.md").read_text(encoding="utf-8")

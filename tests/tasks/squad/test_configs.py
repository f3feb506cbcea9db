"""Every shipped config builds, trains, saves, loads and predicts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.data import DatasetReader
from allennlp.predictors import Predictor

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "training_configs" / "squad"
FIXTURES = ROOT / "fixtures" / "squad"
CONFIGS = sorted(path.stem for path in FOLDER.glob("*.jsonnet"))


def test_configs_are_where_they_should_be() -> None:
    opens = {f"open_{name}" for name in ("baseline", "elmo_input", "elmo_output", "elmo_both")}
    expected = {"squad_baseline", "squad_elmo", "squad_bidaf", "small_baseline", "small_elmo"} | opens
    assert expected == set(CONFIGS)


@pytest.mark.parametrize("name", CONFIGS)
def test_shipped_config(name: str, corpus: str, make_bilm: Callable[[int], dict[str, str]], tmp_path: Path) -> None:
    path = FOLDER / f"{name}.jsonnet"
    shipped = Params.from_file(str(path)).as_dict()
    overrides: dict[str, Any] = {"trainer.num_epochs": 1, "train_data_path": corpus, "validation_data_path": corpus}
    words = shipped["model"]["text_field_embedder"]["token_embedders"]["tokens"]
    if "pretrained_files" in shipped["vocabulary"]:
        vectors = tmp_path / "vectors.txt"
        numbers = " ".join(["0.1"] * words["embedding_dim"])
        vectors.write_text("".join(f"{word} {numbers}\n" for word in ("oslo", "Oslo", "leaves", "the")))
        assert words["pretrained_file"] == shipped["vocabulary"]["pretrained_files"]["tokens"]
        overrides["vocabulary.pretrained_files.tokens"] = str(vectors)
        overrides["model.text_field_embedder.token_embedders.tokens.pretrained_file"] = str(vectors)
    if "elmo" in shipped["model"]:
        # A small biLM in place of the one that is named. Its layers are as long as that one's.
        dims = {"mini": 256, "original": 1024}
        overrides["model.elmo.bilm"] = make_bilm(dims[shipped["model"]["elmo"]["bilm"]])
    assert ("elmo" in shipped["model"]) == ("elmo" in name)

    run = tmp_path / "run"
    train_model(Params.from_file(str(path), overrides), str(run))
    predictor = Predictor.from_path(str(run / "model.tar.gz"))
    passage = "Ada left Oslo on Friday."
    answer = predictor.predict_json({"question": "Who left?", "passage": passage})
    assert answer["answer"] == passage[answer["start_char"] : answer["end_char"]] != ""


def test_the_papers_experiment() -> None:
    """Peters et al. 2018, appendix A.3."""
    config = Params.from_file(str(FOLDER / "squad_elmo.jsonnet")).as_dict()
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

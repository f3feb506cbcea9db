"""Every shipped config builds, trains, saves, loads and predicts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import _jsonnet
import pytest
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.predictors import Predictor

from elmo_tasks.bilm.pretrained import BUNDLED, PUBLISHED

FOLDER = Path(__file__).parents[3] / "training_configs" / "ner"
CONFIGS = sorted(path.stem for path in FOLDER.glob("*.jsonnet"))


def test_configs_are_where_they_should_be() -> None:
    assert {"conll2003_baseline", "conll2003_elmo", "elmo_demo", "demo_baseline"} <= set(CONFIGS)


@pytest.mark.parametrize("name", CONFIGS)
def test_shipped_config(name: str, corpus: str, make_bilm: Callable[[int], dict[str, str]], tmp_path: Path) -> None:
    path = FOLDER / f"{name}.jsonnet"
    shipped = Params.from_file(str(path)).as_dict()
    overrides: dict[str, Any] = {"trainer.num_epochs": 1, "train_data_path": corpus, "validation_data_path": corpus}
    if "test_data_path" in shipped:
        overrides["test_data_path"] = corpus
    embedders = shipped["model"]["text_field_embedder"]["token_embedders"]
    if "pretrained_files" in shipped["vocabulary"]:
        vectors = tmp_path / "vectors.txt"
        vectors.write_text("".join(f"{word} {' '.join(['0.1'] * 50)}\n" for word in ("oslo", "left", "united")))
        assert embedders["tokens"]["pretrained_file"] == shipped["vocabulary"]["pretrained_files"]["tokens"]
        overrides["vocabulary.pretrained_files.tokens"] = str(vectors)
        overrides["model.text_field_embedder.token_embedders.tokens.pretrained_file"] = str(vectors)
    if "elmo" in shipped["model"]:
        # A small biLM in place of the one that is named. Its layers are as long as that one's.
        dims = {"mini": 256, "original": 1024}
        overrides["model.elmo.bilm"] = make_bilm(dims[shipped["model"]["elmo"]["bilm"]])
    assert ("elmo" in shipped["model"]) == ("elmo" in name)

    run = tmp_path / "run"
    train_model(Params.from_file(str(path), overrides), str(run))
    answer = Predictor.from_path(str(run / "model.tar.gz")).predict_json({"sentence": "Ada left Oslo."})
    assert len(answer["tags"]) == 4


def test_the_table_of_dimensions_is_right() -> None:
    # Published biLMs are called by their shape: 2x4096_512_...
    projections = {name: int(shape.split("_")[1]) for name, shape in PUBLISHED.items()}
    mini = Params.from_file(str(FOLDER.parent / "bilm" / "mini.jsonnet")).as_dict()
    projections["mini"] = mini["model"]["options"]["lstm"]["projection_dim"]
    assert set(projections) == {*BUNDLED, *PUBLISHED}
    library = FOLDER.parent / "lib" / "bilms.libsonnet"
    for name, projection in projections.items():
        assert _jsonnet.evaluate_snippet("test", f"(import '{library}').dim('{name}')").strip() == str(2 * projection)

"""Each task's fixtures with a transformer in the biLM's place."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.predictors import Predictor
from shipped_configs import CONFIGS, made_small

from elmo_tasks.configs.add import add_elmo

TASKS = [name.split("/")[0] for name in CONFIGS if name.endswith("/fixture_elmo")]


@pytest.mark.parametrize("task", TASKS)
def test_a_task_trains_and_predicts(
    task: str, bert: Path, check_same: Callable[[Any, Any], None], tmp_path: Path
) -> None:
    small = made_small(f"{task}/fixture_elmo", {}, tmp_path).as_dict(quiet=True)
    transformer = {"transformer": {"name": str(bert), "keep": True}, "dim": 16}
    config = add_elmo(small, transformer, replace=True, old_dim=6, parameters={"place": "both"})
    model = train_model(Params(config), str(tmp_path / "run"))
    loaded = Predictor.from_path(str(tmp_path / "run" / "model.tar.gz"))
    instances = list(loaded._dataset_reader.read(small["validation_data_path"]))[:4]
    trained = type(loaded)(model, loaded._dataset_reader)
    check_same(loaded.predict_batch_instance(instances), trained.predict_batch_instance(instances))

import json
from collections.abc import Callable

import torch

from elmo_tasks.reproduce.demo import layer_weights
from elmo_tasks.runner.runs import Run


def test_what_the_mix_has_learned(make_run: Callable[..., Run]) -> None:
    run = make_run()
    prefix = "text_field_embedder.token_embedder_elmo._scalar_mix."
    logs = {
        f"{prefix}scalar_parameters.{layer}": torch.log(torch.tensor([share])) for layer, share in enumerate((2, 5, 3))
    }
    run.serialization_dir.mkdir(parents=True)
    torch.save({**logs, f"{prefix}gamma": torch.tensor([0.99])}, run.serialization_dir / "best.th")
    (run.serialization_dir / "config.json").write_text(json.dumps({"model": {}}))
    assert layer_weights(run) == "token layer 0.20, biLSTM layer 1 0.50, biLSTM layer 2 0.30; gamma 0.99"

import json
from pathlib import Path

import torch

from elmo_tasks.reproduce.compare import Run
from elmo_tasks.reproduce.demo import layer_weights


def test_what_the_mix_has_learned(tmp_path: Path) -> None:
    prefix = "text_field_embedder.token_embedder_elmo._scalar_mix."
    logs = {
        f"{prefix}scalar_parameters.{layer}": torch.log(torch.tensor([share])) for layer, share in enumerate((2, 5, 3))
    }
    torch.save({**logs, f"{prefix}gamma": torch.tensor([0.99])}, tmp_path / "best.th")
    (tmp_path / "config.json").write_text(json.dumps({"model": {}}))
    weights = layer_weights(Run(Path("elmo_demo.jsonnet"), 1, tmp_path))
    assert weights == "token layer 0.20, biLSTM layer 1 0.50, biLSTM layer 2 0.30; gamma 0.99"

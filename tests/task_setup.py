"""A task's reader, its instances and its model, for the tests of the task models."""

import copy
import io
import pickle
from collections.abc import Callable
from typing import Any

import torch
from allennlp.common import Params
from allennlp.data import Batch, DatasetReader, Instance, Vocabulary
from allennlp.models import Model
from torch import Tensor


class TaskSetup:
    """A reader, its training instances and a model, from an experiment's config."""

    def __init__(self, params: Params) -> None:
        self.reader = DatasetReader.from_params(params["dataset_reader"])
        self.instances = list(self.reader.read(params["train_data_path"]))
        self.vocab = Vocabulary.from_instances(self.instances)
        self.model = Model.from_params(params["model"], vocab=self.vocab)

    def instance(self, *inputs: Any) -> Instance:
        """As the reader's `text_to_instance`."""
        instance = self.reader.text_to_instance(*inputs)
        self.reader.apply_token_indexers(instance)
        return instance

    def tensors(self, instances: list[Instance]) -> dict[str, Any]:
        """What the model takes for these instances as one batch."""
        batch = Batch(instances)
        batch.index_instances(self.vocab)
        return batch.as_tensor_dict()

    def run(self, instances: list[Instance]) -> dict[str, Any]:
        """What the model makes of them."""
        return self.model(**self.tensors(instances))

    def train(self, steps: int, lr: float) -> None:
        """On all instances as one batch; the model is in evaluation mode afterwards, its metrics empty."""
        tensors = self.tensors(self.instances)
        optimizer = torch.optim.Adam([p for p in self.model.parameters() if p.requires_grad], lr=lr)
        for _ in range(steps):
            optimizer.zero_grad()
            self.model(**tensors)["loss"].backward()
            optimizer.step()
        self.model.get_metrics(reset=True)
        self.model.eval()

    def check_gradients(self, place: str | None) -> None:
        """That the loss of all instances reaches every trained parameter, one mix a place among them, and no biLM."""
        self.run(self.instances)["loss"].backward()
        trained = {name: parameter for name, parameter in self.model.named_parameters() if parameter.requires_grad}
        for name, parameter in trained.items():
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name
        mixes = {None: 0, "input": 1, "output": 1, "both": 2}[place]
        assert sum("gamma" in name for name in trained) == mixes
        assert sum("scalar_parameters" in name for name in trained) == 3 * mixes
        assert not any("bilm" in name for name in trained)

    def check_mixed_precision(self) -> None:
        """That training in half precision begins with the loss of full precision, and stays finite where padding is."""
        tensors = self.tensors(self.instances)
        trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        optimizer = torch.optim.Adam(trained, lr=0.01)
        for dtype in (torch.bfloat16, torch.float16):
            expected = self.model(**tensors)["loss"].item()
            for step in range(2):
                optimizer.zero_grad()
                with torch.autocast("cpu", dtype):
                    loss = self.model(**tensors)["loss"]
                assert torch.isfinite(loss)
                if step == 0:
                    torch.testing.assert_close(loss.item(), expected, rtol=0.02, atol=0.02)
                loss.backward()
                for parameter in trained:
                    assert parameter.grad is not None
                    assert torch.isfinite(parameter.grad).all()
                optimizer.step()

    def check_copies(self) -> None:
        """That a model which was copied, pickled or saved whole says the same."""
        tensors = self.tensors(self.instances)
        self.model.eval()
        expected = self.model(**tensors)["loss"]
        saved = io.BytesIO()
        torch.save(self.model, saved)
        saved.seek(0)
        loaded = torch.load(saved, weights_only=False)
        for model in (copy.deepcopy(self.model), pickle.loads(pickle.dumps(self.model)), loaded):
            torch.testing.assert_close(model(**tensors)["loss"], expected)


def kept_bytes(model: Model, make_loss: Callable[[], Tensor]) -> int:
    """What a training step keeps for the gradients; the model's parameters aside."""
    parameters = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        assert make_loss() > 0
    return sum(kept.values())

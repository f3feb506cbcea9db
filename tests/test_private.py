"""What is kept private in AllenNLP and torch is where `private.py` looks for it, and means what it says."""

from pathlib import Path

import pytest
import torch
from allennlp.common import Registrable
from allennlp.data import Vocabulary
from allennlp.data.data_loaders import SimpleDataLoader
from allennlp.models import Model
from allennlp.modules.text_field_embedders import BasicTextFieldEmbedder
from allennlp.modules.token_embedders import PassThroughTokenEmbedder
from allennlp.training import GradientDescentTrainer
from torch import nn

from elmo_tasks import private


class Empty(Model):
    """A model that is never run."""

    def __init__(self) -> None:
        super().__init__(Vocabulary())
        self.weight = nn.Parameter(torch.zeros(1))


def test_viewed_tensor() -> None:
    tensor = torch.zeros(2, 3)
    assert private.viewed_tensor(tensor) is tensor
    assert private.viewed_tensor(tensor.view(3, 2)[1:]) is tensor


def test_tokens_of_a_vocabulary() -> None:
    assert private.padding_token(Vocabulary()) == "@@PADDING@@"
    assert private.unknown_token(Vocabulary()) == "@@UNKNOWN@@"
    vocabulary = Vocabulary(padding_token="[PAD]", oov_token="[UNK]")
    assert (private.padding_token(vocabulary), private.unknown_token(vocabulary)) == ("[PAD]", "[UNK]")


def test_embedder_names() -> None:
    embedder = BasicTextFieldEmbedder({name: PassThroughTokenEmbedder(3) for name in ("first", "second")})
    assert set(private.embedder_names(embedder)) == {"first", "second"}


def test_parts_of_a_trainer(tmp_path: Path) -> None:
    model = Empty()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader, validation = SimpleDataLoader([], 1), SimpleDataLoader([], 1)
    trainer = GradientDescentTrainer(model, optimizer, loader, validation_data_loader=validation, cuda_device=-1)
    assert private.validation_loader(trainer) is validation
    assert private.validation_loader(GradientDescentTrainer(model, optimizer, loader, cuda_device=-1)) is None
    assert private.epochs_before(trainer) == 0


def test_a_name_is_freed_and_taken_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    class Base(Registrable):
        pass

    @Base.register("name")
    class Theirs(Base):
        pass

    caplog.set_level("INFO")
    for _ in range(2):
        private.unregister(Base, "name")

    @Base.register("name")
    class Ours(Base):
        pass

    assert Base.by_name("name") is Ours
    assert not caplog.records

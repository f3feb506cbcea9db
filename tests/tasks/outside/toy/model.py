"""The toy's model: the mean of a sentence's token vectors, and a linear layer."""

from typing import Optional

from allennlp.data import TextFieldTensors, Vocabulary
from allennlp.models import Model
from allennlp.modules import TextFieldEmbedder
from allennlp.nn.util import get_text_field_mask, masked_mean
from allennlp.training.metrics import CategoricalAccuracy
from torch import Tensor, nn

from elmo_tasks.embedders.task_elmo import TaskElmo
from elmo_tasks.tasks.base.model import ElmoModel, join


@Model.register("toy")
class ToyModel(ElmoModel):
    """Its metric is `accuracy`."""

    # AllenNLP builds an Optional[X] from a config, but passes an X | None on unbuilt.
    def __init__(
        self,
        vocab: Vocabulary,
        text_field_embedder: TextFieldEmbedder,
        elmo: Optional[TaskElmo] = None,
    ) -> None:
        super().__init__(vocab, text_field_embedder, elmo)
        self.classifier = nn.Linear(self.embedding_dim, vocab.get_vocab_size("labels"))
        self._accuracy = CategoricalAccuracy()

    def forward(self, tokens: TextFieldTensors, label: Tensor) -> dict[str, Tensor]:
        (embedded,) = self.embed(tokens)
        vectors = join(embedded.words, embedded.elmo)  # Shape: (batch, tokens, embedding_dim)
        mask = get_text_field_mask(tokens)[..., None]  # Shape: (batch, tokens, 1)
        logits = self.classifier(masked_mean(vectors, mask, dim=1))  # Shape: (batch, labels)
        self._accuracy(logits, label)
        return {"loss": nn.functional.cross_entropy(logits, label)}

    def get_metrics(self, reset: bool = False) -> dict[str, float]:
        return {"accuracy": self._accuracy.get_metric(reset)}

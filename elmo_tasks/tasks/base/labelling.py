"""What models have in common that give each instance one label: what their outputs mean, and how good they are."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import torch
from allennlp.data import Vocabulary
from allennlp.modules import Maxout, TextFieldEmbedder
from overrides import overrides
from torch import Tensor, nn
from torch.nn import functional as F

from elmo_tasks.embedders.task_elmo import TaskElmo
from elmo_tasks.private import special_tokens
from elmo_tasks.tasks.base.label_scores import LabelScores
from elmo_tasks.tasks.base.labels import UNSEEN
from elmo_tasks.tasks.base.metric import LabelCounts
from elmo_tasks.tasks.base.model import ElmoModel, extended

logger = logging.getLogger(__name__)


class LabellingModel(ElmoModel):
    """
    A model that gives each instance one of a namespace's labels. The subclass has a `classifier`, whose last layer has
    an output a label. Where there is a single label, from which nothing can be learned, a warning says so.

    Metrics, unless the subclass has others: `accuracy`, `macro-f1`, and at an epoch's end each label's
    `precision-LABEL` and `recall-LABEL`; see `LabelScores`.

    # Parameters

    vocab : `Vocabulary`
    text_field_embedder : `TextFieldEmbedder`
    elmo : `TaskElmo`, optional
        Where the subclass has ELMo: for an encoder's input, concatenated to its output, or both (Peters et al. 2018,
        section 3.3).
    label_namespace : `str`, optional (default = `"labels"`)
        The labels' namespace in the vocabulary.
    metric : `Callable[[list[str]], LabelCounts]`, optional (default = `LabelScores`)
        Makes the metric for these labels; given by the subclass and not by a config.
    kwargs : `Any`
        `regularizer`, AllenNLP's.

    # Raises

    `ConfigurationError`
        If sizes do not fit, if the vocabulary has no labels, or, while it runs, if ELMo's indexer is missing or a text
        has no tokens.
    """

    classifier: nn.Sequential

    def __init__(
        self,
        vocab: Vocabulary,
        text_field_embedder: TextFieldEmbedder,
        elmo: TaskElmo | None,
        label_namespace: str = "labels",
        metric: Callable[[list[str]], LabelCounts] = LabelScores,
        **kwargs: Any,
    ) -> None:
        super().__init__(vocab, text_field_embedder, elmo, **kwargs)
        self.label_namespace: str = label_namespace
        self._labels = self.label_names(label_namespace)
        self._metric = metric
        self._scores = self._make_scores()
        if len(self._real_labels) == 1:
            logger.warning(
                'All training data has one and the same label, "%s": the model will give it to everything. Look at '
                "the data, and at where the reader finds the labels.",
                self._real_labels[0],
            )

    def _make_scores(self) -> LabelCounts:
        return self._metric(self._real_labels)

    @property
    def _real_labels(self) -> list[str]:
        return [label for index, label in enumerate(self._labels) if index not in self._special]

    @property
    def _special(self) -> set[int]:
        """Outputs that are no labels but what a padded namespace has for padding."""
        return special_tokens(self.vocab, self.label_namespace)

    @overrides
    def extend_labels(self) -> None:
        self._labels = self.label_names(self.label_namespace)
        last = self.classifier[-1]
        assert isinstance(last, nn.Linear)
        self.classifier[-1] = extended(last, len(self._labels))
        self._scores = self._make_scores()

    def answer(
        self, vectors: Tensor, label: Tensor | None, metadata: list[dict[str, Any]] | None, shown: Sequence[str]
    ) -> dict[str, Any]:
        """
        What the model's `forward` returns; the predictions are scored where there are labels.

        # Parameters

        vectors : `Tensor`
            What the classifier reads of each instance. Shape `(batch, dim)`.
        label : `Tensor`, optional
            See `loss`. Shape `(batch,)`.
        metadata : `list[dict[str, Any]]`, optional
            Each instance's; see `names`.
        shown : `Sequence[str]`
            What of it is given back, where it is there.

        # Returns

        `dict[str, Any]`
            `logits` and `probabilities`, both of shape `(batch, labels)`; what is `shown`; and where `label` is given
            `loss`.
        """
        output = self.outputs(self.classifier(vectors))
        if metadata is not None:
            there = [name for name in shown if all(name in instance for instance in metadata)]
            output.update({name: [instance[name] for instance in metadata] for name in there})
        if label is not None:
            output["loss"] = self.loss(output["logits"], label)
            self._scores(self.names(output["logits"].argmax(dim=-1)), self.names(label, metadata))
        return output

    @overrides
    def get_metrics(self, reset: bool = False) -> dict[str, float]:
        """
        From 0 to 1. The figures of single labels come with `reset`, that is when an epoch or an evaluation ends: the
        progress bar, which asks after every batch, stays short.
        """
        return self._scores.get_metric(reset)

    def outputs(self, logits: Tensor) -> dict[str, Any]:
        """`logits` and `probabilities`, in which what is no label has none. Shape of all: `(batch, labels)`."""
        if self._special:
            logits = logits.index_fill(1, torch.tensor(sorted(self._special), device=logits.device), float("-inf"))
        return {"logits": logits, "probabilities": logits.softmax(dim=-1)}

    def loss(self, logits: Tensor, label: Tensor) -> Tensor:
        """
        The mean cross entropy of the labels that the model knows; 0 where it knows none.

        # Parameters

        logits : `Tensor`
            Shape `(batch, labels)`.
        label : `Tensor`
            The gold labels, `UNSEEN` for one that the model does not know. Shape `(batch,)`.
        """
        known = (label != UNSEEN).sum().clamp(min=1)
        return F.cross_entropy(logits, label, ignore_index=UNSEEN, reduction="sum") / known

    def names(self, indices: Tensor, metadata: list[dict[str, Any]] | None = None) -> list[str]:
        """
        # Parameters

        indices : `Tensor`
            Labels, `UNSEEN` for one that the model does not know. Shape `(batch,)`.
        metadata : `list[dict[str, Any]]`, optional
            Has the `label` of an instance whose label the model does not know.
        """
        return [
            metadata[number]["label"] if index == UNSEEN and metadata is not None else self._labels[index]
            for number, index in enumerate(indices.tolist())
        ]

    @overrides(check_signature=False)
    def make_output_human_readable(self, output_dict: dict[str, Any]) -> dict[str, Any]:
        """Adds the most probable `label`, and gives each instance's `probabilities` by the labels' names."""
        probabilities = output_dict["probabilities"]
        output_dict["label"] = [self._labels[index] for index in probabilities.argmax(dim=-1).tolist()]
        output_dict["probabilities"] = [
            {label: one[index] for index, label in enumerate(self._labels) if index not in self._special}
            for one in probabilities.tolist()
        ]
        return output_dict


def classifier_layers(
    input_dim: int, hidden_dims: Sequence[int], labels: int, dropout: float, pieces: int | None = None
) -> nn.Sequential:
    """
    Fully connected layers from an instance's vector to an output a label. Dropout is of the input of each.

    # Parameters

    input_dim : `int`
        Length of the instance's vector.
    hidden_dims : `Sequence[int]`
        Lengths of the vectors between two layers.
    labels : `int`
    dropout : `float`
    pieces : `int`, optional
        None: the layers but the last have ReLU. Otherwise each of their numbers is the largest of so many linear
        functions (maxout, Goodfellow et al. 2013).
    """
    layers: list[nn.Module] = []
    for dim in hidden_dims:
        hidden = [nn.Linear(input_dim, dim), nn.ReLU()] if pieces is None else [Maxout(input_dim, 1, dim, pieces)]
        layers += [nn.Dropout(dropout), *hidden]
        input_dim = dim
    return nn.Sequential(*layers, nn.Dropout(dropout), nn.Linear(input_dim, labels))

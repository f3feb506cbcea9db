"""A biLSTM that knows where two entities are, with attention and the entities' own vectors, and ELMo."""

from functools import partial
from typing import Any, Optional

import torch
from allennlp.common import Lazy
from allennlp.common.checks import ConfigurationError
from allennlp.data import TextFieldTensors, Vocabulary
from allennlp.models import Model
from allennlp.modules import InputVariationalDropout, Seq2SeqEncoder, TextFieldEmbedder
from allennlp.nn import InitializerApplicator
from allennlp.nn.util import get_text_field_mask
from overrides import overrides
from torch import Tensor, nn

from elmo_tasks.checks import check_count, check_number
from elmo_tasks.embedders.task_elmo import TaskElmo
from elmo_tasks.modules.pooling import TextPooling
from elmo_tasks.tasks.base.labelling import LabellingModel, classifier_layers
from elmo_tasks.tasks.base.model import build, join
from elmo_tasks.tasks.relations.metric import RelationScores
from elmo_tasks.tasks.relations.positions import PositionEmbedding, distances


@Model.register("elmo_relation_classifier")
class ElmoRelationClassifier(LabellingModel):
    """
    The relation between two entities of a sentence, with its direction.

    Each token's vector has beside it a vector of its distance from each entity; so the model knows where the entities
    are, and the biLM reads a sentence without marks. They are projected (ReLU), if wanted, and run through an encoder.
    The sentence's vector, pooled from what the encoder gives, and the two entities' own, the mean over the tokens of
    each, go through a linear layer, or two.

    Metrics: `macro-f1`, the official score of SemEval-2010 task 8, `accuracy`, and at an epoch's end what else
    `RelationScores` has.

    # Parameters

    vocab : `Vocabulary`
        Has the labels in the namespace `label_namespace`.
    text_field_embedder : `TextFieldEmbedder`
    encoder : `Lazy[Seq2SeqEncoder]`
        Such as a biLSTM. Its `input_size` may be left out.
    elmo : `TaskElmo`, optional
        At the output it stands beside what the encoder gives: in the sentence's vector and in the entities'.
    position_dim : `int`, optional (default = `20`)
        Length of the vector of a distance.
    max_distance : `int`, optional (default = `30`)
        In tokens; those that are further away are as far.
    projection_dim : `int`, optional
        Length of a token's vector at the encoder's input. None: the vectors are not projected.
    pooling : `list[str]`, optional (default = `["attention"]`)
        How the sentence's vector is made; see `TextPooling`.
    hidden_dim : `int`, optional
        Length of the vector between two fully connected layers (the first with ReLU). None: there is one layer.
    dropout : `float`, optional (default = `0.5`)
        Of the encoder's input and of what is projected to it, where a dimension is dropped in all tokens of a sentence
        alike (variational dropout, Gal and Ghahramani 2016), and of the input of each fully connected layer.
    negative_label : `str`, optional (default = `"Other"`)
        The label that is no relation, for the metrics. None: there is none.
    initializer : `InitializerApplicator`, optional
    kwargs : `Any`
        `label_namespace` and `regularizer`; see `LabellingModel`, which also says where ELMo can be.

    Registered as a `Model` with name "elmo_relation_classifier".
    """

    default_predictor = "elmo_relation_classifier"

    # AllenNLP builds an Optional[X] from a config, but passes an X | None on unbuilt.
    def __init__(
        self,
        vocab: Vocabulary,
        text_field_embedder: TextFieldEmbedder,
        encoder: Lazy[Seq2SeqEncoder],
        elmo: Optional[TaskElmo] = None,
        position_dim: int = 20,
        max_distance: int = 30,
        projection_dim: int | None = None,
        pooling: list[str] | None = None,
        hidden_dim: int | None = None,
        dropout: float = 0.5,
        negative_label: str | None = "Other",
        initializer: Optional[InitializerApplicator] = None,
        **kwargs: Any,
    ) -> None:
        metric = partial(RelationScores, negative_label=negative_label)
        super().__init__(vocab, text_field_embedder, elmo, metric=metric, **kwargs)
        check_count(ConfigurationError, position_dim=position_dim, max_distance=max_distance)
        check_count(ConfigurationError, optional=True, projection_dim=projection_dim, hidden_dim=hidden_dim)
        check_number(ConfigurationError, 0, 1, dropout=dropout)
        self.e1_positions = PositionEmbedding(position_dim, max_distance)
        self.e2_positions = PositionEmbedding(position_dim, max_distance)
        self.variational_dropout = InputVariationalDropout(dropout)
        input_dim = self.embedding_dim + 2 * position_dim
        self.projection = nn.Linear(input_dim, projection_dim) if projection_dim is not None else None
        self.encoder = build(encoder, projection_dim or input_dim, "encoder")
        vector_dim = self.encoder.get_output_dim() + self.output_elmo_dim
        self.pooling = TextPooling(vector_dim, ["attention"] if pooling is None else pooling)
        self.entity_pooling = TextPooling(vector_dim, ["mean"])
        pooled_dim = self.pooling.get_output_dim() + 2 * vector_dim
        hidden_dims = [] if hidden_dim is None else [hidden_dim]
        self.classifier = classifier_layers(pooled_dim, hidden_dims, len(self._labels), dropout)
        if initializer is not None:
            initializer(self)

    @overrides(check_signature=False)
    def forward(
        self,
        tokens: TextFieldTensors,
        e1: Tensor,
        e2: Tensor,
        metadata: list[dict[str, Any]] | None = None,
        label: Tensor | None = None,
    ) -> dict[str, Any]:
        """
        # Parameters

        tokens : `TextFieldTensors`
            The sentences.
        e1, e2 : `Tensor`
            The first and the last token of each sentence's entities. Shape `(batch, 2)`.
        metadata : `list[dict[str, Any]]`, optional
            Each sentence's `tokens`, `e1` and `e2`; the `label` of one whose label the model does not know.
        label : `Tensor`, optional
            The gold labels. See `loss`. Shape `(batch,)`.

        # Returns

        `dict[str, Any]`
            See `answer`.
        """
        return self.answer(self._features(tokens, e1, e2), label, metadata, ("tokens", "e1", "e2"))

    def _features(self, tokens: TextFieldTensors, e1: Tensor, e2: Tensor) -> Tensor:
        """The vectors of the sentence and of its entities side by side. Shape `(batch, pooled_dim)`."""
        mask = get_text_field_mask(tokens)  # (batch, tokens)
        (text,) = self.embed(tokens)
        to_e1, to_e2 = (distances(entity, mask.shape[1]) for entity in (e1, e2))  # (batch, tokens)
        # Shape: (batch, tokens, embedding_dim + 2 * position_dim)
        inputs = join(text.words, text.elmo, self.e1_positions(to_e1), self.e2_positions(to_e2))
        inputs = self.variational_dropout(inputs)
        if self.projection is not None:
            # Shape: (batch, tokens, projection_dim)
            inputs = self.variational_dropout(self.projection(inputs).relu())
        # Shape: (batch, tokens, encoder_output_dim + output_elmo_dim)
        vectors = self.join_output(self.encoder(inputs, mask), text.output_elmo, mask)
        pooled = [self.pooling(vectors, mask), *(self.entity_pooling(vectors, to == 0) for to in (to_e1, to_e2))]
        return torch.cat(pooled, dim=-1)

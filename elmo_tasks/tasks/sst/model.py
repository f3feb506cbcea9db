"""The biattentive classification network, and ELMo."""

from typing import Any, Optional

import torch
from allennlp.common import Lazy
from allennlp.common.checks import ConfigurationError
from allennlp.data import TextFieldTensors, Vocabulary
from allennlp.models import Model
from allennlp.modules import Seq2SeqEncoder, TextFieldEmbedder
from allennlp.nn import InitializerApplicator
from allennlp.nn.util import get_text_field_mask
from overrides import overrides
from torch import Tensor, nn

from elmo_tasks.bilm.padding import zero_padding
from elmo_tasks.checks import check_count, check_number
from elmo_tasks.embedders.task_elmo import TaskElmo
from elmo_tasks.modules.attention import attend
from elmo_tasks.modules.pooling import TextPooling
from elmo_tasks.tasks.base.labelling import LabellingModel, classifier_layers
from elmo_tasks.tasks.base.model import build, check_that_none_is_empty, join

_POOLINGS = ("max", "min", "mean", "linear_attention")


@Model.register("elmo_bcn")
class ElmoBiattentiveClassifier(LabellingModel):
    """
    The label of a text, such as its sentiment, by the biattentive classification network (McCann et al. 2017, section
    5), with ELMo as in Peters et al. 2018, section 4 and appendix A.

    The tokens' vectors are projected (ReLU) and run through the encoder. Each token attends to all tokens of its own
    text, itself among them; the token, its difference from what it attends to, and their product run through the
    integrator. What that gives is pooled over the text, by maximum, minimum, mean and attention, and fully connected
    layers give the labels.

    # Parameters

    vocab : `Vocabulary`
        Has the labels in the namespace `label_namespace`.
    text_field_embedder : `TextFieldEmbedder`
    encoder : `Lazy[Seq2SeqEncoder]`
        Such as a biLSTM. Its `input_size` may be left out.
    integrator : `Lazy[Seq2SeqEncoder]`
        Likewise.
    elmo : `TaskElmo`, optional
        At the output it stands beside what the integrator gives, and is pooled as well.
    projection_dim : `int`, optional (default = `300`)
        Length of a token's vector at the encoder's input.
    hidden_dims : `list[int]`, optional (default = `[1200, 600]`)
        Lengths of the vectors between the fully connected layers.
    maxout_pieces : `int`, optional
        None: the fully connected layers but the last have ReLU, as the paper has it. Otherwise they are maxout layers
        of so many linear functions, as McCann et al. have it, here without batch normalization.
    dropout : `float`, optional (default = `0.5`)
        Of the tokens' vectors.
    hidden_dropout : `float`, optional (default = `0.2`)
        Of what is projected, and of the input of each fully connected layer.
    initializer : `InitializerApplicator`, optional
    kwargs : `Any`
        `label_namespace` and `regularizer`; see `LabellingModel`, which also says where ELMo can be.

    Registered as a `Model` with name "elmo_bcn".
    """

    default_predictor = "elmo_sst"

    # AllenNLP builds an Optional[X] from a config, but passes an X | None on unbuilt.
    def __init__(
        self,
        vocab: Vocabulary,
        text_field_embedder: TextFieldEmbedder,
        encoder: Lazy[Seq2SeqEncoder],
        integrator: Lazy[Seq2SeqEncoder],
        elmo: Optional[TaskElmo] = None,
        projection_dim: int = 300,
        hidden_dims: list[int] | None = None,
        maxout_pieces: int | None = None,
        dropout: float = 0.5,
        hidden_dropout: float = 0.2,
        initializer: Optional[InitializerApplicator] = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(vocab, text_field_embedder, elmo, **kwargs)
        hidden_dims = [1200, 600] if hidden_dims is None else hidden_dims
        check_count(ConfigurationError, projection_dim=projection_dim)
        check_count(ConfigurationError, optional=True, maxout_pieces=maxout_pieces)
        for dim in hidden_dims:
            check_count(ConfigurationError, hidden_dims=dim)
        check_number(ConfigurationError, 0, 1, dropout=dropout, hidden_dropout=hidden_dropout)
        self.dropout = nn.Dropout(dropout)
        self.projection = nn.Linear(self.embedding_dim, projection_dim)
        self.hidden_dropout = nn.Dropout(hidden_dropout)
        self.encoder = build(encoder, projection_dim, "encoder")
        self.integrator = build(integrator, 3 * self.encoder.get_output_dim(), "integrator")
        self.pooling = TextPooling(self.integrator.get_output_dim() + self.output_elmo_dim, _POOLINGS)
        self.classifier = classifier_layers(
            self.pooling.get_output_dim(), hidden_dims, len(self._labels), hidden_dropout, maxout_pieces
        )
        if initializer is not None:
            initializer(self)

    @overrides(check_signature=False)
    def forward(
        self,
        tokens: TextFieldTensors | None = None,
        metadata: list[dict[str, Any]] | None = None,
        label: Tensor | None = None,
        windows: TextFieldTensors | None = None,
    ) -> dict[str, Any]:
        """
        # Parameters

        tokens : `TextFieldTensors`
            The texts.
        metadata : `list[dict[str, Any]]`, optional
            Each text's `tokens`, and `tokens_left_out` if the reader cuts texts; the `label` of one whose label the
            model does not know.
        label : `Tensor`, optional
            See `loss`. Shape `(batch,)`.
        windows : `TextFieldTensors`, optional
            Must not be there: each token attends to all of its text.

        # Returns

        `dict[str, Any]`
            See `answer`.
        """
        if tokens is None or windows is not None:
            raise ConfigurationError(
                'The model "elmo_bcn" reads texts whole, and the reader gives them by windows: set its long_texts to '
                '"cut", or take the model "elmo_classifier".'
            )
        mask = get_text_field_mask(tokens)  # (batch, tokens)
        check_that_none_is_empty(mask, "classify")
        (text,) = self.embed(tokens)
        # Shape: (batch, tokens, projection_dim)
        inputs = self.hidden_dropout(self.projection(self.dropout(join(text.words, text.elmo))).relu())
        # Shape: (batch, tokens, encoder_output_dim)
        encoded = zero_padding(self.encoder(inputs, mask), mask)
        # Shape: (batch, tokens, integrator_output_dim)
        integrated = self.integrator(biattention(encoded, mask), mask)
        vectors = self.pooling(self.join_output(integrated, text.output_elmo, mask), mask)
        return self.answer(vectors, label, metadata, ("tokens", "tokens_left_out"))


def biattention(encoded: Tensor, mask: Tensor) -> Tensor:
    """
    The tokens, their differences from what they attend to in their own text, and their products with it (McCann et al.
    2017, section 5, where both texts are the same). The score of two tokens is their dot product.

    # Parameters

    encoded : `Tensor`
        Finite where there is no token. Shape `(batch, tokens, dim)`.
    mask : `Tensor`
        True where there is a token. Shape `(batch, tokens)`.

    # Returns

    `Tensor`
        Shape `(batch, tokens, 3 * dim)`.
    """
    # Shape: (batch, tokens, dim)
    attended = attend(encoded @ encoded.transpose(1, 2), encoded, mask)
    return torch.cat([encoded, encoded - attended, encoded * attended], dim=-1)

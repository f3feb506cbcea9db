"""A biLSTM whose states, pooled over the text, give its label, and ELMo."""

from typing import Any, Optional

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
from elmo_tasks.modules.pooling import POOLINGS, TextPooling
from elmo_tasks.tasks.base.labelling import LabellingModel, classifier_layers
from elmo_tasks.tasks.base.model import build, check_that_none_is_empty, join


@Model.register("elmo_classifier")
class ElmoClassifier(LabellingModel):
    """
    The label of a text, such as its topic or its sentiment.

    The tokens' vectors are projected (ReLU) and run through an encoder. What it gives is pooled over the text, by
    maximum, mean and attention, and a linear layer, or two, give the labels. A text of several windows is read window
    by window and pooled over all of them.

    # Parameters

    vocab : `Vocabulary`
        Has the labels in the namespace `label_namespace`.
    text_field_embedder : `TextFieldEmbedder`
    encoder : `Lazy[Seq2SeqEncoder]`
        Such as a biLSTM. Its `input_size` may be left out.
    elmo : `TaskElmo`, optional
        At the output it stands beside what the encoder gives, and is pooled as well.
    projection_dim : `int`, optional (default = `300`)
        Length of a token's vector at the encoder's input. None: the vectors are not projected.
    pooling : `list[str]`, optional (default = `["max", "mean", "attention"]`)
        See `TextPooling`.
    hidden_dim : `int`, optional
        Length of the vector between two fully connected layers (the first with ReLU). None: there is one layer.
    dropout : `float`, optional (default = `0.5`)
        Of the tokens' vectors and of the encoder's input, where a dimension is dropped in all tokens of a text alike
        (variational dropout, Gal and Ghahramani 2016), and of the input of each fully connected layer.
    initializer : `InitializerApplicator`, optional
    kwargs : `Any`
        `label_namespace` and `regularizer`; see `LabellingModel`, which also says where ELMo can be.

    Registered as a `Model` with name "elmo_classifier".
    """

    default_predictor = "elmo_classifier"

    # AllenNLP builds an Optional[X] from a config, but passes an X | None on unbuilt.
    def __init__(
        self,
        vocab: Vocabulary,
        text_field_embedder: TextFieldEmbedder,
        encoder: Lazy[Seq2SeqEncoder],
        elmo: Optional[TaskElmo] = None,
        projection_dim: int | None = 300,
        pooling: list[str] | None = None,
        hidden_dim: int | None = None,
        dropout: float = 0.5,
        initializer: Optional[InitializerApplicator] = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(vocab, text_field_embedder, elmo, **kwargs)
        check_count(ConfigurationError, optional=True, projection_dim=projection_dim, hidden_dim=hidden_dim)
        check_number(ConfigurationError, 0, 1, dropout=dropout)
        self.variational_dropout = InputVariationalDropout(dropout)
        self.projection = nn.Linear(self.embedding_dim, projection_dim) if projection_dim is not None else None
        self.encoder = build(encoder, projection_dim or self.embedding_dim, "encoder")
        self.pooling = TextPooling(
            self.encoder.get_output_dim() + self.output_elmo_dim, POOLINGS if pooling is None else pooling
        )
        hidden_dims = [] if hidden_dim is None else [hidden_dim]
        self.classifier = classifier_layers(self.pooling.get_output_dim(), hidden_dims, len(self._labels), dropout)
        if initializer is not None:
            initializer(self)

    @overrides(check_signature=False)
    def forward(
        self,
        tokens: TextFieldTensors | None = None,
        windows: TextFieldTensors | None = None,
        metadata: list[dict[str, Any]] | None = None,
        label: Tensor | None = None,
    ) -> dict[str, Any]:
        """
        # Parameters

        tokens : `TextFieldTensors`, optional
            The texts.
        windows : `TextFieldTensors`, optional
            Or each text's windows.
        metadata : `list[dict[str, Any]]`, optional
            Each text's `tokens` and `tokens_left_out`; the `label` of one whose label the model does not know.
        label : `Tensor`, optional
            See `loss`. Shape `(batch,)`.

        # Returns

        `dict[str, Any]`
            See `answer`.
        """
        text = tokens if windows is None else windows
        assert text is not None, "a batch has tokens or windows"
        vectors, mask = self._encode(text, 0 if windows is None else 1)
        return self.answer(self.pooling(vectors, mask), label, metadata, ("tokens", "tokens_left_out"))

    def _encode(self, text: TextFieldTensors, windows: int) -> tuple[Tensor, Tensor]:
        """
        The tokens' vectors of each text, those of all its windows after one another, shape `(batch, tokens, dim)`, and
        where there is a token, shape `(batch, tokens)`. `windows` is how many lists the text's field stands in.
        """
        # Shape: (batch, [windows,] tokens)
        mask = get_text_field_mask(text, windows)
        check_that_none_is_empty(mask, "classify")
        (embedded,) = self.embed(text, num_wrapping_dims=windows)
        # Here and below a window is a text of its own. Shape: (texts, tokens, embedding_dim)
        inputs = self.variational_dropout(join(embedded.words, embedded.elmo).flatten(0, -3))
        if self.projection is not None:
            # Shape: (texts, tokens, projection_dim)
            inputs = self.variational_dropout(self.projection(inputs).relu())
        # Shape: (texts, tokens, encoder_output_dim)
        encoded = self.encoder(inputs, mask.flatten(0, -2))
        output_elmo = embedded.output_elmo.flatten(0, -3) if embedded.output_elmo is not None else None
        # Shape: (texts, tokens, encoder_output_dim + output_elmo_dim)
        vectors = self.join_output(encoded, output_elmo, mask.flatten(0, -2))
        return vectors.reshape(len(mask), -1, vectors.shape[-1]), mask.flatten(1)

"""A reader of passages: word vectors, ELMo, bidirectional attention and, if wanted, self-attention."""

from typing import Any, Optional

import torch
from allennlp.common import Lazy
from allennlp.common.checks import ConfigurationError
from allennlp.data import TextFieldTensors, Vocabulary
from allennlp.models import Model
from allennlp.modules import Highway, InputVariationalDropout, Seq2SeqEncoder, TextFieldEmbedder
from allennlp.nn import InitializerApplicator
from allennlp.nn.util import get_text_field_mask
from overrides import overrides
from torch import Tensor, nn
from torch.nn import functional as F

from elmo_tasks.checks import check_count, check_number
from elmo_tasks.embedders.task_elmo import TaskElmo
from elmo_tasks.tasks.base.model import ElmoModel, Embedded, build, join
from elmo_tasks.tasks.squad.attention import BidirectionalAttention
from elmo_tasks.tasks.squad.decoding import best_spans
from elmo_tasks.tasks.squad.layers import BidafLayers, SelfAttentionLayers
from elmo_tasks.tasks.squad.metric import SquadScores


@Model.register("elmo_bidaf")
class ElmoBidaf(ElmoModel):
    """
    Finds a question's answer in a passage, as a span of its tokens: BiDAF (Seo et al. 2017), or with `self_attention`
    the model of Clark and Gardner 2018 as Peters et al. 2018 (section 4 and appendix A.3) use it.

    Passage and question go through the same highway and the same contextual layer, then through bidirectional
    attention, and the layers of `BidafLayers` or `SelfAttentionLayers` score each token as the answer's start and as
    its end. The loss is the negative log likelihood of both, a mean over the questions whose answer is known.

    Metrics: `em` and `f1`, see `SquadScores`.

    Memory grows with the tokens of a batch, not with their square: no tensor has all pairs of each passage's tokens
    (see `SelfAttention`; one mask of pairs is for the whole batch), and those of passage and question are single
    numbers. With the paper's sizes and ELMo at both places a training step keeps 130 kB a token of a passage for the
    backward pass, so 2.9 GB for 32 passages of 700.

    # Parameters

    vocab : `Vocabulary`
        Only the text field embedder reads it: answers are spans, and have no namespace.
    text_field_embedder : `TextFieldEmbedder`
    contextual_layer : `Lazy[Seq2SeqEncoder]`
        For passage and question. The `input_size` of this and the other encoders may be left out.
    modeling_layer : `Lazy[Seq2SeqEncoder]`
        Behind the bidirectional attention; with `self_attention`, before the self-attention.
    span_end_encoder : `Lazy[Seq2SeqEncoder]`
    span_start_encoder : `Lazy[Seq2SeqEncoder]`, optional
        For `self_attention`, and only for it.
    elmo : `TaskElmo`, optional
        ELMo for the contextual layer's input, concatenated to its output, or both (Peters et al. 2018, section 3.3).
    self_attention : `bool`, optional (default = `False`)
    highway_layers : `int`, optional (default = `2`)
        Of the vectors of `text_field_embedder`, before ELMo's are added. BiDAF has 2, Clark and Gardner have none.
    dropout : `float`, optional (default = 0.2)
        Of the input of each encoder and linear layer.
    variational_dropout : `bool`, optional (default = `False`)
        Whether dropout drops a dimension in all tokens of a text alike (Gal and Ghahramani 2016).
    max_span_length : `int`, optional
        The most tokens of an answer. None: any number.
    initializer : `InitializerApplicator`, optional
    regularizer : `RegularizerApplicator`, optional

    # Raises

    `ConfigurationError`
        If sizes do not fit, `span_start_encoder` is given and not used, or the other way round, or ELMo's indexer is
        missing.

    Registered as a `Model` with name "elmo_bidaf".
    """

    default_predictor = "elmo_reading_comprehension"

    # AllenNLP builds an Optional[X] from a config, but passes an X | None on unbuilt.
    def __init__(
        self,
        vocab: Vocabulary,
        text_field_embedder: TextFieldEmbedder,
        contextual_layer: Lazy[Seq2SeqEncoder],
        modeling_layer: Lazy[Seq2SeqEncoder],
        span_end_encoder: Lazy[Seq2SeqEncoder],
        span_start_encoder: Optional[Lazy[Seq2SeqEncoder]] = None,
        elmo: Optional[TaskElmo] = None,
        self_attention: bool = False,
        highway_layers: int = 2,
        dropout: float = 0.2,
        variational_dropout: bool = False,
        max_span_length: int | None = None,
        initializer: Optional[InitializerApplicator] = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(vocab, text_field_embedder, elmo, **kwargs)
        check_count(ConfigurationError, optional=True, max_span_length=max_span_length)
        check_number(ConfigurationError, 0, 1, dropout=dropout)
        self.highway = Highway(text_field_embedder.get_output_dim(), highway_layers) if highway_layers else None
        self.dropout = InputVariationalDropout(dropout) if variational_dropout else nn.Dropout(dropout)
        self.contextual_layer = build(contextual_layer, self.embedding_dim, "contextual_layer")
        encoded_dim = self.contextual_layer.get_output_dim()
        self.attention = BidirectionalAttention(encoded_dim + self.output_elmo_dim)
        attended_dim = self.attention.output_dim
        self.layers: nn.Module
        if not self_attention and span_start_encoder is None:
            self.layers = BidafLayers(attended_dim, modeling_layer, span_end_encoder, self.dropout)
        elif self_attention and span_start_encoder is not None:
            self.layers = SelfAttentionLayers(
                attended_dim, encoded_dim, modeling_layer, span_start_encoder, span_end_encoder, self.dropout
            )
        else:
            raise ConfigurationError(
                f"self_attention is {str(self_attention).lower()}, and there is "
                f"{'a' if span_start_encoder is not None else 'no'} span_start_encoder: it belongs to self_attention."
            )
        self.max_span_length = max_span_length
        self._scores = SquadScores()
        if initializer is not None:
            initializer(self)

    @overrides(check_signature=False)
    def forward(
        self,
        question: TextFieldTensors,
        passage: TextFieldTensors,
        metadata: list[dict[str, Any]],
        answer_span: Tensor | None = None,
    ) -> dict[str, Any]:
        """
        # Parameters

        question, passage : `TextFieldTensors`
            Neither may be empty.
        metadata : `list[dict[str, Any]]`
            For each question its `id`, its `passage` as a string, the `offsets` of the passage field's tokens in it,
            and the gold `answers` if they are known.
        answer_span : `Tensor`, optional
            The gold answer's first and last token, or (-1, -1) if it is not known. Shape `(batch, 2)`.

        # Returns

        `dict[str, Any]`
            `start_logits` and `end_logits`, shape `(batch, passage tokens)`, the lowest number where there is no token;
            `passage_mask` of the same shape; `best_span`, the first and the last token of the answer, shape
            `(batch, 2)`; `best_answer`, a string each; and where `answer_span` is given `loss`.
        """
        # Shapes: (batch, question tokens) and (batch, passage tokens)
        question_mask, passage_mask = get_text_field_mask(question), get_text_field_mask(passage)
        embedded_question, embedded_passage = self.embed(question, passage)
        attended = self.attention(
            self._encode(embedded_passage, passage_mask),
            passage_mask,
            self._encode(embedded_question, question_mask),
            question_mask,
        )
        # Each of shape: (batch, passage tokens)
        start_logits, end_logits = (
            logits.float().masked_fill(~passage_mask, torch.finfo(torch.float).min)
            for logits in self.layers(attended, passage_mask)
        )
        # Shapes: (batch, 1, 2) and (batch, 1)
        spans, scores = best_spans(start_logits, end_logits, passage_mask, self.max_span_length)
        answers = [_text(about, *span) for about, (span,) in zip(metadata, spans.tolist(), strict=True)]
        if all("answers" in about for about in metadata):
            self._scores(
                [about["id"] for about in metadata],
                answers,
                [about["answers"] for about in metadata],
                scores.squeeze(1).tolist(),
            )
        output = {
            "start_logits": start_logits,
            "end_logits": end_logits,
            "passage_mask": passage_mask,
            "best_span": spans.squeeze(1),
            "best_answer": answers,
        }
        if answer_span is not None:
            known = (answer_span[:, 0] >= 0).sum().clamp(min=1)
            output["loss"] = (_summed(start_logits, answer_span[:, 0]) + _summed(end_logits, answer_span[:, 1])) / known
        return output

    def _encode(self, text: Embedded, mask: Tensor) -> Tensor:
        """Shape `(batch, tokens, encoded_dim + output_elmo_dim)`."""
        words = self.highway(text.words) if self.highway is not None else text.words
        encoded = self.contextual_layer(self.dropout(join(words, text.elmo)), mask)
        return self.join_output(encoded, text.output_elmo, mask)

    @overrides
    def get_metrics(self, reset: bool = False) -> dict[str, float]:
        """Those of `SquadScores`."""
        return self._scores.get_metric(reset)


def _summed(logits: Tensor, gold: Tensor) -> Tensor:
    """The negative log likelihood of what is known."""
    return F.cross_entropy(logits, gold, ignore_index=-1, reduction="sum")


def _text(about: dict[str, Any], first: int, last: int) -> str:
    """The characters from the first token's beginning to the last one's end."""
    return about["passage"][about["offsets"][first][0] : about["offsets"][last][1]]

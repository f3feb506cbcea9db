"""ESIM: two biLSTMs with attention between premise and hypothesis, and ELMo."""

from collections.abc import Collection
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
from elmo_tasks.modules.pooling import mean_and_max
from elmo_tasks.modules.stacking import stack
from elmo_tasks.tasks.base.labelling import LabellingModel, classifier_layers
from elmo_tasks.tasks.base.model import build, check_that_none_is_empty, join
from elmo_tasks.tasks.snli.attention import align, enhance
from elmo_tasks.tasks.snli.metric import MergedLabelScores


@Model.register("elmo_esim")
class ElmoEsim(LabellingModel):
    """
    What a premise says of a hypothesis: the sequential ESIM (Chen et al. 2017), with ELMo as in Peters et al. 2018,
    section 4 and appendix A.

    Premise and hypothesis run through the same encoder. Each token attends to the other text's tokens; the token, what
    it attends to, their difference and their product are projected (ReLU), run through the inference encoder and are
    pooled over the text, by mean and by maximum. Two fully connected layers (ReLU) give the labels.

    # Parameters

    vocab : `Vocabulary`
        Has the labels in the namespace `label_namespace`.
    text_field_embedder : `TextFieldEmbedder`
    encoder : `Lazy[Seq2SeqEncoder]`
        Such as a biLSTM. Its `input_size` may be left out.
    inference_encoder : `Lazy[Seq2SeqEncoder]`
        Likewise.
    elmo : `TaskElmo`, optional
        At the output it stands beside what the encoder gives, and is attended to as well.
    projection_dim : `int`, optional (default = `300`)
        Length of a token's vector at the inference encoder's input.
    hidden_dim : `int`, optional (default = `300`)
        Length of the vector between the two fully connected layers.
    dropout : `float`, optional (default = `0.5`)
        Of both encoders' inputs, where a dimension is dropped in all tokens of a text alike (variational dropout, Gal
        and Ghahramani 2016), and of the input of each fully connected layer.
    attention_dropout : `float`, optional (default = `0`)
        Of what attention gives, before it is projected. Peters et al. have 0.5 with ELMo.
    merge_labels : `dict[str, str]`, optional
        Labels, and what each counts as in the metrics: for data that has fewer labels, an override at evaluation; see
        `MergedLabelScores`.
    initializer : `InitializerApplicator`, optional
    kwargs : `Any`
        `label_namespace` and `regularizer`; see `LabellingModel`, which also says where ELMo can be.

    Registered as a `Model` with name "elmo_esim".
    """

    default_predictor = "elmo_entailment"

    # AllenNLP builds an Optional[X] from a config, but passes an X | None on unbuilt.
    def __init__(
        self,
        vocab: Vocabulary,
        text_field_embedder: TextFieldEmbedder,
        encoder: Lazy[Seq2SeqEncoder],
        inference_encoder: Lazy[Seq2SeqEncoder],
        elmo: Optional[TaskElmo] = None,
        projection_dim: int = 300,
        hidden_dim: int = 300,
        dropout: float = 0.5,
        attention_dropout: float = 0.0,
        merge_labels: dict[str, str] | None = None,
        initializer: Optional[InitializerApplicator] = None,
        **kwargs: Any,
    ) -> None:
        known = vocab.get_token_to_index_vocabulary(kwargs.get("label_namespace", "labels"))
        _check_merged(merge_labels, known)
        metric = partial(MergedLabelScores, merged=merge_labels)
        super().__init__(vocab, text_field_embedder, elmo, metric=metric, **kwargs)
        check_count(ConfigurationError, projection_dim=projection_dim, hidden_dim=hidden_dim)
        check_number(ConfigurationError, 0, 1, dropout=dropout, attention_dropout=attention_dropout)
        self.encoder = build(encoder, self.embedding_dim, "encoder")
        encoded_dim = self.encoder.get_output_dim() + self.output_elmo_dim
        self.attention_dropout = nn.Dropout(attention_dropout)
        self.projection = nn.Linear(4 * encoded_dim, projection_dim)
        self.inference_encoder = build(inference_encoder, projection_dim, "inference_encoder")
        self.variational_dropout = InputVariationalDropout(dropout)

        # The mean and the maximum, of the premise and of the hypothesis.
        pooled_dim = 2 * 2 * self.inference_encoder.get_output_dim()
        self.classifier = classifier_layers(pooled_dim, [hidden_dim], len(self._labels), dropout)
        if initializer is not None:
            initializer(self)

    @overrides(check_signature=False)
    def forward(
        self,
        premise: TextFieldTensors,
        hypothesis: TextFieldTensors,
        metadata: list[dict[str, Any]] | None = None,
        label: Tensor | None = None,
    ) -> dict[str, Any]:
        """
        # Parameters

        premise, hypothesis : `TextFieldTensors`
        metadata : `list[dict[str, Any]]`, optional
            Each pair's `premise_tokens` and `hypothesis_tokens`; the `label` of one whose label the model does not
            know.
        label : `Tensor`, optional
            The gold labels. See `loss`. Shape `(batch,)`.

        # Returns

        `dict[str, Any]`
            See `answer`.
        """
        pooled = self._compare(premise, hypothesis)
        return self.answer(pooled, label, metadata, ("premise_tokens", "hypothesis_tokens"))

    def _compare(self, premise: TextFieldTensors, hypothesis: TextFieldTensors) -> Tensor:
        """Shape `(batch, 4 * inference_dim)`."""
        masks = [get_text_field_mask(text) for text in (premise, hypothesis)]  # (batch, tokens) each
        for one, name in zip(masks, ("premise", "hypothesis"), strict=True):
            check_that_none_is_empty(one, "compare", name)
        # Here and below: premises above hypotheses. Shape: (2 * batch, tokens)
        mask = stack(masks)
        # Shape: (2 * batch, tokens, encoded_dim)
        encoded = self._encode(premise, hypothesis, mask)
        # Shape: (2 * batch, tokens, 4 * encoded_dim)
        enhanced = self.attention_dropout(enhance(encoded, align(encoded, mask)))
        # Shape: (2 * batch, tokens, projection_dim)
        projected = self.variational_dropout(self.projection(enhanced).relu())
        # Shape: (2 * batch, tokens, inference_dim)
        inferred = self.inference_encoder(projected, mask)
        return torch.cat(mean_and_max(inferred, mask).chunk(2), dim=-1)

    def _encode(self, premise: TextFieldTensors, hypothesis: TextFieldTensors, mask: Tensor) -> Tensor:
        """Shape `(2 * batch, tokens, encoded_dim)`."""
        texts = self.embed(premise, hypothesis)
        # Shape: (2 * batch, tokens, embedding_dim)
        inputs = stack([join(text.words, text.elmo) for text in texts])
        # Shape: (2 * batch, tokens, encoder_output_dim)
        encoded = self.encoder(self.variational_dropout(inputs), mask)
        output_elmo = [text.output_elmo for text in texts if text.output_elmo is not None]
        return self.join_output(encoded, stack(output_elmo) if output_elmo else None, mask)


def _check_merged(merged: Any, labels: Collection[str]) -> None:
    """Raises `ConfigurationError` unless `merge_labels` are labels of the model with other names, or None."""
    if merged is None:
        return
    if not (isinstance(merged, dict) and all(isinstance(label, str) for label in merged.values())):
        raise ConfigurationError(f"merge_labels is {merged!r:.100}; it must have a label for each of its labels.")
    if unknown := [label for label in merged if label not in labels]:
        raise ConfigurationError(
            f'merge_labels has "{unknown[0]}", which is none of the model\'s labels: {", ".join(labels)}.'
        )

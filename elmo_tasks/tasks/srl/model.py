"""A deep LSTM that tags a predicate's arguments, with ELMo, and a small network that finds the predicates."""

from collections.abc import Iterator
from typing import Any, NamedTuple, Optional

import torch
from allennlp.common import Lazy
from allennlp.common.checks import ConfigurationError
from allennlp.common.util import is_distributed
from allennlp.data import TextFieldTensors, Vocabulary
from allennlp.models import Model
from allennlp.modules import Seq2SeqEncoder, TextFieldEmbedder
from allennlp.nn import InitializerApplicator
from allennlp.nn.util import get_text_field_mask
from overrides import overrides
from torch import Tensor, nn
from torch.nn import functional as F

from elmo_tasks.checks import check_count, check_number
from elmo_tasks.embedders.task_elmo import TaskElmo
from elmo_tasks.private import special_tokens
from elmo_tasks.tasks.base.model import ElmoModel, Embedded, build, extended, join
from elmo_tasks.tasks.srl.decoding import BioDecoder
from elmo_tasks.tasks.srl.metric import PredicateScores, SrlEval

TOKENS_AT_ONCE = 2**16
"""
But for training, the encoder reads so many tokens at once at most, a sentence's once for each of its predicates and
padding counted; a longer sentence it reads for one predicate at a time. So a whole document may be given as a sentence.
"""


class Frames(NamedTuple):
    """The predicates of a batch's sentences, sentence by sentence. Each of shape `(frames,)`."""

    sentence: Tensor
    """Which of the batch's sentences each is in."""
    predicate: Tensor
    """Its token."""

    def split(self, most: int) -> Iterator["Frames"]:
        """So many at a time; where there are none, none once."""
        parts = (one.split(most) for one in self)
        return (Frames(*part) for part in zip(*parts, strict=True))


@Model.register("elmo_srl")
class ElmoSrl(ElmoModel):
    """
    Who did what to whom: for each predicate of a sentence its arguments, in BIO (He et al. 2017; Peters et al. 2018,
    section 4 and appendix A.3).

    A sentence's tokens have their vectors, ELMo's too, once, however many predicates it has. For each predicate, the
    encoder reads them with one of two learned vectors beside each, one for the predicate's token and one for all
    others. What it gives is projected to tags, and the best sequence is taken that BIO allows (see `BioDecoder`).

    Predicates are given, or found by a network of their own on the same token vectors, which are taken as they are: its
    loss has no gradient for anything else.

    Metrics: those of `SrlEval`, `f1-measure-overall` among them, for the predicates that are given; and
    `f1-measure-predicates`, `precision-predicates` and `recall-predicates` of those that are found.

    # Parameters

    vocab : `Vocabulary`
        Has the tags in the namespace `label_namespace`.
    text_field_embedder : `TextFieldEmbedder`
    encoder : `Lazy[Seq2SeqEncoder]`
        Such as `elmo_alternating_lstm`. Its `input_size` may be left out.
    elmo : `TaskElmo`, optional
        ELMo for the encoder's input, concatenated to its output, or both (section 3.3).
    projection_dim : `int`, optional
        Length of a token's vector before the predicate's is joined to it, by a linear layer. None: the vectors are not
        projected. It saves time, as the encoder's first layer reads each sentence once for each predicate.
    predicate_dim : `int`, optional (default = `100`)
        Length of the vector that says whether a token is the predicate.
    predicate_encoder : `Lazy[Seq2SeqEncoder]`, optional
        What predicates are found with, such as a small biLSTM. Its `input_size` may be left out. None: predicates are
        given always.
    dropout : `float`, optional (default = 0)
        Of the token vectors, and of what is projected to tags.
    label_namespace : `str`, optional (default = `"labels"`)
        The tags' namespace in the vocabulary.
    initializer : `InitializerApplicator`, optional
    regularizer : `RegularizerApplicator`, optional

    # Raises

    `ConfigurationError`
        If sizes do not fit, or ELMo's indexer is missing.

    Registered as a `Model` with name "elmo_srl".
    """

    default_predictor = "elmo_srl"

    # AllenNLP builds an Optional[X] from a config, but passes an X | None on unbuilt.
    def __init__(
        self,
        vocab: Vocabulary,
        text_field_embedder: TextFieldEmbedder,
        encoder: Lazy[Seq2SeqEncoder],
        elmo: Optional[TaskElmo] = None,
        projection_dim: int | None = None,
        predicate_dim: int = 100,
        predicate_encoder: Optional[Lazy[Seq2SeqEncoder]] = None,
        dropout: float = 0.0,
        label_namespace: str = "labels",
        initializer: Optional[InitializerApplicator] = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(vocab, text_field_embedder, elmo, **kwargs)
        check_count(ConfigurationError, predicate_dim=predicate_dim)
        check_count(ConfigurationError, optional=True, projection_dim=projection_dim)
        check_number(ConfigurationError, 0, 1, dropout=dropout)
        self.dropout = nn.Dropout(dropout)
        self.projection = nn.Linear(self.embedding_dim, projection_dim) if projection_dim is not None else None
        self.predicate_embedding = nn.Embedding(2, predicate_dim)
        self.encoder = build(encoder, (projection_dim or self.embedding_dim) + predicate_dim, "encoder")
        self.label_namespace: str = label_namespace
        self._labels = self.label_names(label_namespace)
        self.tag_projection = nn.Linear(self.encoder.get_output_dim() + self.output_elmo_dim, len(self._labels))
        self.predicate_finder = None
        if predicate_encoder is not None:
            finder_dim = self.embedding_dim + self.output_elmo_dim
            self.predicate_finder = PredicateFinder(build(predicate_encoder, finder_dim, "predicate_encoder"), dropout)
        self._decoder = BioDecoder(self._labels)
        self._scores = SrlEval()
        self._predicate_scores = PredicateScores()
        if initializer is not None:
            initializer(self)

    @overrides
    def extend_labels(self) -> None:
        self._labels = self.label_names(self.label_namespace)
        self.tag_projection = extended(self.tag_projection, len(self._labels))
        self._decoder = BioDecoder(self._labels)

    @overrides(check_signature=False)
    def forward(
        self,
        tokens: TextFieldTensors,
        predicates: Tensor,
        metadata: list[dict[str, Any]],
        tags: Tensor | None = None,
    ) -> dict[str, Any]:
        """
        # Parameters

        tokens : `TextFieldTensors`
            The sentences. One may be empty.
        predicates : `Tensor`
            Each sentence's predicates, -1 where there is no further one. Shape `(batch, predicates, 1)`.
        metadata : `list[dict[str, Any]]`
            Each sentence's `words`; its `predicates`, None where they are to be found; and, where the reader gives
            them, the gold `tags` of each by name.
        tags : `Tensor`, optional
            The gold tags of each predicate. Shape `(batch, predicates, tokens)`.

        # Returns

        `dict[str, Any]`
            For each sentence `words`; `predicates`; `tags`, the predicted ones, a list for each predicate; and where
            `tags` is given `loss`: the cross entropy of a predicate's tags, summed over the sentence, in the mean over
            the batch's predicates; and that of finding the predicates, likewise, in the mean over its sentences.

        # Raises

        `ConfigurationError`
            If predicates are to be found, and the model has no `predicate_encoder`.
        """
        mask = get_text_field_mask(tokens)  # (batch, tokens)
        predicates = predicates.squeeze(-1)  # (batch, predicates)
        words = [sentence["words"] for sentence in metadata]
        if not mask.any():
            # Not every embedder and encoder can take sentences that are all empty.
            return {"words": words, "predicates": [[] for _ in words], "tags": [[] for _ in words]}
        (text,) = self.embed(tokens)
        # Shape: (batch, tokens)
        found = self.predicate_finder(text, mask) if self.predicate_finder is not None else None
        frames = self._frames(predicates, found, mask, metadata)
        gold = tags[predicates >= 0] if tags is not None else None  # (frames, tokens)
        predicted, losses = self._tagged(text, frames, mask, gold)
        output: dict[str, Any] = {"words": words, **_by_sentence(frames, predicted, len(words))}
        if tags is not None:
            output["loss"] = torch.stack(losses).sum() / max(len(frames.sentence), 1)
            self._scores(self._names(predicted), [one for sentence in metadata for one in sentence["tags"]])
            if found is not None:
                are_predicates = _marked(predicates, mask)
                output["loss"] = output["loss"] + _finding_loss(found, are_predicates, mask)
                self._predicate_scores((found > 0) & mask, are_predicates)
        return output

    def _frames(self, predicates: Tensor, found: Tensor | None, mask: Tensor, metadata: list[dict[str, Any]]) -> Frames:
        """The given predicates; those that were found in sentences that have none given."""
        sought = [sentence["predicates"] is None for sentence in metadata]
        sentence, place = (predicates >= 0).nonzero(as_tuple=True)
        given = Frames(sentence, predicates[sentence, place])
        if not any(sought):
            return given
        if found is None:
            raise ConfigurationError(
                "This model does not find predicates, as its predicate_encoder is null: give them, such as "
                '{"tokens": ["Ann", "left"], "predicates": [1]}.'
            )
        # Shape: (batch, tokens)
        is_found = (found > 0) & mask & torch.tensor(sought, device=mask.device).unsqueeze(1)
        both = [torch.cat(pair) for pair in zip(given, is_found.nonzero(as_tuple=True), strict=True)]
        order = both[0].argsort(stable=True)
        return Frames(*(one[order] for one in both))

    def _tagged(
        self, text: Embedded, frames: Frames, mask: Tensor, gold: Tensor | None
    ) -> tuple[list[list[int]], list[Tensor]]:
        """The tags of each frame; and where there are gold ones, shape `(frames, tokens)`, losses to be summed."""
        at_once = len(frames.sentence) if self.training else TOKENS_AT_ONCE // mask.shape[1]
        predicted: list[list[int]] = []
        losses = []
        for some in frames.split(max(at_once, 1)):
            # Shape: (some, tokens)
            there = mask[some.sentence]
            # Shape: (some, tokens, number of tags)
            logits = self._logits(text, some, mask)
            if gold is not None:
                losses.append(_tagging_loss(logits, gold[len(predicted) : len(predicted) + len(there)], there))
            predicted += self._decoder.decode(logits, there.sum(dim=1).tolist())
        return predicted, losses

    def _logits(self, text: Embedded, frames: Frames, mask: Tensor) -> Tensor:
        """Shape `(frames, tokens, number of tags)`."""
        number, length = len(frames.sentence), mask.shape[1]
        if not number and is_distributed():
            # Each process must have a gradient of each parameter, if of zeros.
            first = mask.any(dim=1).nonzero()[0]
            return self._logits(text, Frames(first, torch.zeros_like(first)), mask)[:0]
        if not number:
            # Not every encoder can take that.
            return self.tag_projection(text.words.new_zeros(0, length, self.tag_projection.in_features))
        # Shape: (batch, tokens, embedding_dim)
        vectors = self.dropout(join(text.words, text.elmo))
        if self.projection is not None:
            # Shape: (batch, tokens, projection_dim)
            vectors = self.projection(vectors)
        # Shape: (frames, tokens)
        is_predicate = torch.arange(length, device=mask.device) == frames.predicate.unsqueeze(1)
        # Shape: (frames, tokens, ... + predicate_dim)
        inputs = join(vectors[frames.sentence], self.predicate_embedding(is_predicate.long()))
        # Shape: (frames, tokens, encoder_output_dim)
        encoded = self.encoder(inputs, mask[frames.sentence])
        at_output = text.output_elmo[frames.sentence] if text.output_elmo is not None else None
        vectors = self.dropout(self.join_output(encoded, at_output, mask[frames.sentence]))
        return self._possible(self.tag_projection(vectors))

    def _possible(self, logits: Tensor) -> Tensor:
        """Without what a padded namespace has for padding, which is no tag."""
        if not (not_tags := special_tokens(self.vocab, self.label_namespace)):
            return logits
        return logits.index_fill(-1, torch.tensor(sorted(not_tags), device=logits.device), float("-inf"))

    def _names(self, indices: list[list[int]]) -> list[list[str]]:
        return [[self._labels[index] for index in one] for one in indices]

    @overrides(check_signature=False)
    def make_output_human_readable(self, output_dict: dict[str, Any]) -> dict[str, Any]:
        """Predicted tags by name instead of by index."""
        output_dict["tags"] = [self._names(of_sentence) for of_sentence in output_dict["tags"]]
        return output_dict

    @overrides
    def get_metrics(self, reset: bool = False) -> dict[str, float]:
        """
        Those of `SrlEval` and, where predicates are found, of these. The figures of single roles come with `reset`,
        that is when an epoch or an evaluation ends: the progress bar, which asks after every batch, stays short.
        """
        metrics = self._scores.get_metric(reset)
        if self.predicate_finder is not None:
            metrics.update(self._predicate_scores.get_metric(reset))
        return metrics


class PredicateFinder(nn.Module):
    """
    Says of each token whether it is a predicate: an encoder and a linear layer on token vectors that are not trained.

    # Parameters

    encoder : `Seq2SeqEncoder`
    dropout : `float`
        Of the encoder's input and output.
    """

    def __init__(self, encoder: Seq2SeqEncoder, dropout: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(encoder.get_output_dim(), 1)

    def forward(self, text: Embedded, mask: Tensor) -> Tensor:
        """
        # Parameters

        text : `Embedded`
        mask : `Tensor`
            Shape `(batch, tokens)`.

        # Returns

        `Tensor`
            Logits, above 0 for a predicate. Shape `(batch, tokens)`.
        """
        vectors = join(text.words, text.elmo, text.output_elmo).detach()
        encoded = self.encoder(self.dropout(vectors), mask)
        return self.classifier(self.dropout(encoded)).squeeze(-1)


def _tagging_loss(logits: Tensor, gold: Tensor, mask: Tensor) -> Tensor:
    """
    The cross entropy of each frame's tags, summed over frames.

    # Parameters

    logits : `Tensor`
        Shape `(frames, tokens, number of tags)`.
    gold, mask : `Tensor`
        Shape `(frames, tokens)`.
    """
    return F.cross_entropy(logits[mask], gold[mask], reduction="sum")


def _finding_loss(logits: Tensor, are_predicates: Tensor, mask: Tensor) -> Tensor:
    """The cross entropy of each sentence's predicates, in the mean over sentences. Shapes `(batch, tokens)`."""
    losses = F.binary_cross_entropy_with_logits(logits[mask], are_predicates[mask].to(logits.dtype), reduction="sum")
    return losses / len(mask)


def _marked(predicates: Tensor, mask: Tensor) -> Tensor:
    """Which tokens are predicates, from their places, shape `(batch, predicates)`. Shape `(batch, tokens)`, bool."""
    places = torch.arange(mask.shape[1], device=mask.device)
    return (predicates.unsqueeze(2) == places).any(dim=1)


def _by_sentence(frames: Frames, tags: list[list[int]], sentences: int) -> dict[str, list[list[Any]]]:
    """The predicates, and the tags of each, of each sentence."""
    output: dict[str, list[list[Any]]] = {name: [[] for _ in range(sentences)] for name in ("predicates", "tags")}
    for sentence, predicate, of_frame in zip(frames.sentence.tolist(), frames.predicate.tolist(), tags, strict=True):
        output["predicates"][sentence].append(predicate)
        output["tags"][sentence].append(of_frame)
    return output

"""An encoder-decoder with attention that translates, and ELMo in its encoder."""

import math
from typing import Any, Optional

import torch
from allennlp.common import Lazy
from allennlp.common.checks import ConfigurationError
from allennlp.common.util import END_SYMBOL, START_SYMBOL
from allennlp.data import TextFieldTensors, Vocabulary
from allennlp.models import Model
from allennlp.modules import Seq2SeqEncoder, TextFieldEmbedder
from allennlp.nn import InitializerApplicator
from allennlp.nn.beam_search import BeamSearch, LengthNormalizedSequenceLogProbabilityScorer
from allennlp.nn.util import get_text_field_mask, get_token_ids_from_text_field_tensors
from overrides import overrides
from torch import Tensor, nn
from torch.nn import functional as F

from elmo_tasks.checks import check_count, check_number
from elmo_tasks.embedders.task_elmo import TaskElmo
from elmo_tasks.private import special_tokens
from elmo_tasks.tasks.base.model import ElmoModel, build, check_that_none_is_empty, join
from elmo_tasks.tasks.translation.decoder import AttentionDecoder, Memory, State
from elmo_tasks.tasks.translation.joining import without_joiners
from elmo_tasks.tasks.translation.metric import Bleu
from elmo_tasks.tasks.translation.reader import TARGET_NAMESPACE


@Model.register("elmo_translator")
class ElmoTranslator(ElmoModel):
    """
    A text's translation: an encoder reads the source, and a decoder that attends to what the encoder gives writes the
    target, token by token (Bahdanau et al. 2015; the decoder is `AttentionDecoder`). Translations are found by
    AllenNLP's `BeamSearch`. They never have the unknown word in them: the search takes the next best one.

    Training learns by the known translations (teacher forcing); its loss is the mean over their tokens. Outside of
    training each source is also translated, and the best translations are scored against the references, where there
    are any.

    Metrics: `bleu`, from 0 to 1; see `Bleu`.

    # Parameters

    vocab : `Vocabulary`
        Has the target tokens in the namespace `"target_tokens"`, the start and end symbols among them.
    text_field_embedder : `TextFieldEmbedder`
        Of the source.
    encoder : `Lazy[Seq2SeqEncoder]`
        Such as a biGRU of two layers. Its `input_size` may be left out.
    elmo : `TaskElmo`, optional
        ELMo for the encoder's input, which is where it helps most (Edunov et al. 2019), concatenated to the encoder's
        output, which the decoder attends to, or both.
    embedding_dim : `int`, optional (default = `256`)
        Length of a target token's vector.
    hidden_dim : `int`, optional (default = `256`)
        Length of the state of each of the decoder's GRUs.
    dropout : `float`, optional (default = `0.3`)
        Of the tokens' vectors at the encoder's and at the decoder's input.
    output_dropout : `float`, optional (default = `dropout`)
        Of the encoder's output and about the decoder's readout layer.
    label_smoothing : `float`, optional (default = `0.1`)
        How much of a known token's probability is spread evenly over all tokens (Szegedy et al. 2016).
    beam_size : `int`, optional (default = `5`)
        How many translations the search keeps, and gives, of each text. 1: the most probable token is taken each time.
    max_steps : `int`, optional (default = `80`)
        How many tokens a translation may have, its joiners and its end included. Of text that is split into characters
        every second token is a joiner.
    length_penalty : `float`, optional (default = `1`)
        Translations are ordered by their log probability over the number of their tokens to this power: 0 prefers short
        ones.
    bleu : `Bleu`, optional (default = `Bleu()`)
    initializer : `InitializerApplicator`, optional
    regularizer : `RegularizerApplicator`, optional

    # Raises

    `ConfigurationError`
        If sizes do not fit, if ELMo's indexer is missing, if the vocabulary has no targets, or, while it runs, if a
        source has no tokens.

    Registered as a `Model` with name "elmo_translator".
    """

    default_predictor = "elmo_translator"
    _never_written: Tensor

    # AllenNLP builds an Optional[X] from a config, but passes an X | None on unbuilt.
    def __init__(
        self,
        vocab: Vocabulary,
        text_field_embedder: TextFieldEmbedder,
        encoder: Lazy[Seq2SeqEncoder],
        elmo: Optional[TaskElmo] = None,
        embedding_dim: int = 256,
        hidden_dim: int = 256,
        dropout: float = 0.3,
        output_dropout: float | None = None,
        label_smoothing: float = 0.1,
        beam_size: int = 5,
        max_steps: int = 80,
        length_penalty: float = 1.0,
        bleu: Optional[Bleu] = None,
        initializer: Optional[InitializerApplicator] = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(vocab, text_field_embedder, elmo, **kwargs)
        output_dropout = dropout if output_dropout is None else output_dropout
        check_count(ConfigurationError, embedding_dim=embedding_dim, hidden_dim=hidden_dim)
        check_count(ConfigurationError, beam_size=beam_size, max_steps=max_steps)
        check_number(ConfigurationError, 0, 1, dropout=dropout, output_dropout=output_dropout)
        check_number(ConfigurationError, 0, 1, label_smoothing=label_smoothing)
        check_number(ConfigurationError, 0, math.inf, length_penalty=length_penalty)
        if not {START_SYMBOL, END_SYMBOL} <= vocab.get_token_to_index_vocabulary(TARGET_NAMESPACE).keys():
            raise ConfigurationError(
                f'The vocabulary has no targets: "{START_SYMBOL}" and "{END_SYMBOL}" must be in its namespace '
                f'"{TARGET_NAMESPACE}".'
            )
        self._tokens = self.label_names(TARGET_NAMESPACE)
        self._start, self._end = self._tokens.index(START_SYMBOL), self._tokens.index(END_SYMBOL)
        never_written = torch.tensor(sorted({self._start, *special_tokens(vocab, TARGET_NAMESPACE)}))
        self.register_buffer("_never_written", never_written, persistent=False)
        self.dropout, self.memory_dropout = nn.Dropout(dropout), nn.Dropout(output_dropout)
        self.encoder = build(encoder, self.embedding_dim, "encoder")
        self.decoder = AttentionDecoder(
            len(self._tokens),
            embedding_dim,
            self.encoder.get_output_dim() + self.output_elmo_dim,
            hidden_dim,
            dropout,
            output_dropout,
        )
        self._label_smoothing = label_smoothing
        self._search = BeamSearch(
            self._end,
            max_steps,
            beam_size,
            final_sequence_scorer=LengthNormalizedSequenceLogProbabilityScorer(length_penalty),
        )
        self._bleu = bleu or Bleu()
        if initializer is not None:
            initializer(self)

    @overrides(check_signature=False)
    def forward(
        self,
        source: TextFieldTensors,
        metadata: list[dict[str, Any]],
        target: TextFieldTensors | None = None,
    ) -> dict[str, Any]:
        """
        # Parameters

        source : `TextFieldTensors`
        metadata : `list[dict[str, Any]]`
            Each text's `source_tokens`, and the `reference` of one that is to be scored.
        target : `TextFieldTensors`, optional
            The known translations, from `@start@` to `@end@`.

        # Returns

        `dict[str, Any]`
            `loss` where `target` is given; outside of training `predictions`, numbers of tokens, of shape
            `(batch, beam_size, tokens)`, best first, their `scores`, of shape `(batch, beam_size)`, and
            `source_tokens`.
        """
        if self.training:
            # Not when an epoch has been trained.
            self._bleu.check_installed()
        memory = self._read(source)
        output: dict[str, Any] = {}
        if target is not None:
            output["loss"] = self._loss(memory, get_token_ids_from_text_field_tensors(target))
        if not self.training:
            output["predictions"], output["scores"] = self._translate(memory)
            output["source_tokens"] = [text["source_tokens"] for text in metadata]
            self._score(output["predictions"][:, 0].tolist(), metadata)
        return output

    def _read(self, source: TextFieldTensors) -> Memory:
        # Shape: (batch, source tokens)
        mask = get_text_field_mask(source)
        check_that_none_is_empty(mask, "translate")
        (embedded,) = self.embed(source)
        # Shape: (batch, source tokens, encoder_output_dim)
        encoded = self.encoder(self.dropout(join(embedded.words, embedded.elmo)), mask)
        # Shape: (batch, source tokens, encoder_output_dim + output_elmo_dim)
        return Memory(self.memory_dropout(self.join_output(encoded, embedded.output_elmo, mask)), mask)

    def _loss(self, memory: Memory, target: Tensor) -> Tensor:
        """`target`: numbers of tokens, 0 for padding. Shape `(batch, tokens)`."""
        readouts, _ = self.decoder(target[:, :-1], self.decoder.start(memory), memory)
        wanted = target[:, 1:]
        there = wanted != 0
        # Padding is left out before the largest product. Shape: (tokens of all texts, vocabulary)
        logits = self.decoder.logits(readouts[there])
        return F.cross_entropy(logits, wanted[there], label_smoothing=self._label_smoothing)

    def _translate(self, memory: Memory) -> tuple[Tensor, Tensor]:
        """Numbers of tokens, shape `(batch, beam_size, tokens)`, and scores, shape `(batch, beam_size)`."""
        start = self.decoder.start(memory)
        # A row each a text, which the search repeats and reorders.
        state = {**start._asdict(), **memory._asdict()}
        first = memory.mask.new_full(memory.mask.shape[:1], self._start, dtype=torch.long)
        return self._search.search(first, state, self._step)

    def _step(self, last: Tensor, state: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """
        Log probabilities of the tokens after the `last` ones, whose shape is `(texts,)`. Shape `(texts, vocabulary)`;
        and the state after the last ones.
        """
        memory = Memory(state["vectors"], state["mask"])
        readouts, after = self.decoder(last.unsqueeze(1), State(state["first"], state["second"]), memory)
        logits = self.decoder.logits(readouts.squeeze(1)).float()
        logits[:, self._never_written] = float("-inf")
        return logits.log_softmax(dim=-1), {**state, **after._asdict()}

    def _score(self, best: list[list[int]], metadata: list[dict[str, Any]]) -> None:
        """Each text's best translation, numbers of tokens, against its reference if it has one."""
        pairs = zip(best, metadata, strict=True)
        scored = [(self._text(indices), text["reference"]) for indices, text in pairs if "reference" in text]
        # A prediction needs no scores; `get_metrics` says it where somebody asks for them.
        if scored and self._bleu.is_installed:
            self._bleu(*zip(*scored, strict=True))

    def words(self, indices: list[int]) -> list[str]:
        """A translation's tokens up to its end, by their numbers."""
        length = indices.index(self._end) if self._end in indices else len(indices)
        return [self._tokens[index] for index in indices[:length]]

    def _text(self, indices: list[int]) -> str:
        return without_joiners(self.words(indices))

    @overrides(check_signature=False)
    def make_output_human_readable(self, output_dict: dict[str, Any]) -> dict[str, Any]:
        """Adds `translations`: of each text its best ones, text and `score`, and `cut` where it has no end."""
        output_dict["translations"] = [
            [
                {"text": self._text(indices), "score": score, **({} if self._end in indices else {"cut": True})}
                for indices, score in zip(beams, scores, strict=True)
            ]
            for beams, scores in zip(output_dict["predictions"].tolist(), output_dict["scores"].tolist(), strict=True)
        ]
        return output_dict

    @overrides
    def get_metrics(self, reset: bool = False) -> dict[str, float]:
        """Empty in training, where nothing is translated."""
        return {} if self.training else self._bleu.get_metric(reset)

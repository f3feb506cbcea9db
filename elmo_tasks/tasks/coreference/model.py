"""Coreference end to end: which spans of a document are mentions, and which of them mean the same."""

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
from torch.nn import functional as F

from elmo_tasks.checks import check_count, check_flag, check_number
from elmo_tasks.embedders.task_elmo import TaskElmo
from elmo_tasks.tasks.base.model import ElmoModel, build, join
from elmo_tasks.tasks.coreference.clusters import cluster_numbers, joined, moved, within
from elmo_tasks.tasks.coreference.genres import GENRE_NAMESPACE, Genres
from elmo_tasks.tasks.coreference.grouping import in_groups
from elmo_tasks.tasks.coreference.layers import PairScores, SpanVectors, after_first_layer
from elmo_tasks.tasks.coreference.memory import Size, check_memory
from elmo_tasks.tasks.coreference.metric import CorefScores, Span
from elmo_tasks.tasks.coreference.scores import Scored
from elmo_tasks.tasks.coreference.spans import (
    DISTANCE_BUCKETS,
    Antecedents,
    Spans,
    all_spans,
    best_scored,
    best_spans,
    distance_buckets,
    nearest,
    number_of_spans,
)
from elmo_tasks.tasks.coreference.windows import Window, read_windows


@Model.register("elmo_coref")
class ElmoCoref(ElmoModel):
    """
    Finds the mentions in documents, and which of them mean the same (Lee et al. 2017; Peters et al. 2018, section 4).

    ELMo and the encoder read sentence by sentence. Each span of a sentence that is not too wide gets a score for being
    a mention; the best are kept. Each of those is compared with kept ones before it: the score of two is the sum of
    their scores as mentions and one of the pair. The best of them is its antecedent, if the score is above 0; and
    what is joined by antecedents is a cluster. The loss is the negative log likelihood of all the antecedents that are
    right, or of none where there is none.

    A document's memory is a few times its tokens times `max_span_width` times the length of a token's vector; and its
    kept spans, which are its tokens times `spans_per_token`, times `max_antecedents` times some hundred numbers. Where
    that is more than `memory_limit`, in training for all documents of a batch, an error says so before anything is
    allocated, and what to lower. What encoder and biLM need comes on top. docs/coreference.md has figures.

    Metrics: `conll-f1`, `mention-recall`, and at an epoch's end what else `CorefScores` has.

    # Parameters

    vocab : `Vocabulary`
        Has the genres in the namespace `"genre_labels"`, if `use_genres` is set; clusters need none.
    text_field_embedder : `TextFieldEmbedder`
    encoder : `Lazy[Seq2SeqEncoder]`
        Such as a biLSTM. Its `input_size` may be left out.
    elmo : `TaskElmo`, optional
        ELMo for the encoder's input, concatenated to its output, or both (section 3.3). At the input it is in the heads
        of the spans too.
    max_span_width : `int`, optional (default = `10`)
        In tokens. Wider mentions are not found.
    spans_per_token : `float`, optional (default = `0.4`)
        How many spans are kept, as a part of the document's tokens.
    max_antecedents : `int`, optional (default = `250`)
        How many spans before it each one is compared with, at most.
    coarse_to_fine : `bool`, optional (default = `False`)
        Whether these are the ones with the best scores, to which a bilinear one of the two vectors is added that is
        fast to compute (Lee et al. 2018, section 4), or the nearest. With it, far fewer antecedents do.
    max_training_sentences : `int`, optional
        In training only so many sentences in a row of a longer document are read, from another one on each time.
    hidden_dim, hidden_layers : `int`, optional (defaults = `150` and `2`)
        Of the feed-forward networks that give mentions and pairs their scores.
    feature_dim : `int`, optional (default = `20`)
        Length of the vector of a width, of a distance, of a genre, and of whether two spans have the same speaker.
    mention_loss : `float`, optional (default = `0`)
        The weight of a second loss, whether each span is a mention or not: the binary cross entropy of the mentions'
        scores, summed over all spans (Zhang et al. 2018). With 0 mentions are learned by their antecedents alone, as in
        Lee et al. 2017. A few hundred documents are too few for that: nearly no right pair is among the spans that are
        kept at first.
    use_speakers : `bool`, optional (default = `False`)
        Whether the model knows if the first tokens of two spans have the same speaker.
    use_genres : `bool`, optional (default = `False`)
        Whether it knows the document's genre. The reader must give genres. One that the training data do not have, or
        none, is the mean of those that they have.
    input_dropout : `float`, optional (default = `0.5`)
        Of the token vectors, ELMo's too.
    dropout : `float`, optional (default = `0.2`)
        Of what the encoder gives, of the features, and in the feed-forward networks.
    memory_limit : `float`, optional (default = `8`)
        What the spans and pairs of a document may need, or of a training batch's documents together, in GB.
    initializer : `InitializerApplicator`, optional
    regularizer : `RegularizerApplicator`, optional

    # Raises

    `ConfigurationError`
        If sizes do not fit, ELMo's indexer is missing, there are no genres in the vocabulary and `use_genres` is set,
        or documents need more memory than `memory_limit`.

    Registered as a `Model` with name "elmo_coref".
    """

    default_predictor = "elmo_coref"

    # AllenNLP builds an Optional[X] from a config, but passes an X | None on unbuilt.
    def __init__(
        self,
        vocab: Vocabulary,
        text_field_embedder: TextFieldEmbedder,
        encoder: Lazy[Seq2SeqEncoder],
        elmo: Optional[TaskElmo] = None,
        max_span_width: int = 10,
        spans_per_token: float = 0.4,
        max_antecedents: int = 250,
        coarse_to_fine: bool = False,
        max_training_sentences: int | None = None,
        hidden_dim: int = 150,
        hidden_layers: int = 2,
        feature_dim: int = 20,
        mention_loss: float = 0.0,
        use_speakers: bool = False,
        use_genres: bool = False,
        input_dropout: float = 0.5,
        dropout: float = 0.2,
        memory_limit: float = 8.0,
        initializer: Optional[InitializerApplicator] = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(vocab, text_field_embedder, elmo, **kwargs)
        check_count(
            ConfigurationError,
            max_span_width=max_span_width,
            max_antecedents=max_antecedents,
            hidden_dim=hidden_dim,
            hidden_layers=hidden_layers,
            feature_dim=feature_dim,
        )
        check_count(ConfigurationError, optional=True, max_training_sentences=max_training_sentences)
        check_number(ConfigurationError, 0, max_span_width, spans_per_token=spans_per_token)
        check_number(ConfigurationError, 0, 1, input_dropout=input_dropout, dropout=dropout)
        check_number(ConfigurationError, 0, float("inf"), mention_loss=mention_loss, memory_limit=memory_limit)
        check_flag(ConfigurationError, coarse_to_fine=coarse_to_fine, use_speakers=use_speakers, use_genres=use_genres)
        self.encoder = build(encoder, self.embedding_dim, "encoder")
        self.input_dropout, self.dropout = nn.Dropout(input_dropout), nn.Dropout(dropout)
        encoded_dim = self.encoder.get_output_dim() + self.output_elmo_dim
        self.span_vectors = SpanVectors(encoded_dim, self.embedding_dim, max_span_width, feature_dim, self.dropout)
        span_dim = self.span_vectors.get_output_dim()
        # The first layer of the mentions' network, and the rest of it.
        self.mention_layer = nn.Linear(span_dim, hidden_dim)
        self.mention_scores = after_first_layer(hidden_dim, hidden_layers, self.dropout)
        self.distances = nn.Embedding(DISTANCE_BUCKETS, feature_dim)
        self.same_speaker = nn.Embedding(2, feature_dim) if use_speakers else None
        self.genres = Genres(len(self._genres()), feature_dim) if use_genres else None
        pair_dim = feature_dim * (1 + use_speakers + use_genres)
        self.pair_scores = PairScores(span_dim, pair_dim, hidden_dim, hidden_layers, self.dropout)
        self.coarse_scores = nn.Linear(span_dim, span_dim, bias=False) if coarse_to_fine else None
        self._max_width, self._spans_per_token, self._max_antecedents = max_span_width, spans_per_token, max_antecedents
        self._max_training_sentences, self._memory_limit = max_training_sentences, memory_limit
        self._mention_loss = mention_loss
        self._scores = CorefScores()
        if initializer is not None:
            initializer(self)

    def _genres(self) -> list[str]:
        try:
            return self.label_names(GENRE_NAMESPACE)
        except ConfigurationError:
            raise ConfigurationError(
                "use_genres needs the reader's genre_pattern, and training documents to which it fits."
            ) from None

    @overrides(check_signature=False)
    def forward(
        self, sentences: TextFieldTensors, metadata: list[dict[str, Any]], genre: Tensor | None = None
    ) -> dict[str, Any]:
        """
        # Parameters

        sentences : `TextFieldTensors`
            A list of text fields a document, whose ids have the shape `(batch, sentences, tokens, ...)`.
        metadata : `list[dict[str, Any]]`
            Of each document, `sentences`, its tokens; `speakers`, those of the tokens likewise; and `clusters`, the
            gold ones, if they are known.
        genre : `Tensor`, optional
            Negative for one that is not known. Shape `(batch,)`.

        # Returns

        `dict[str, Any]`
            Of each document, `clusters`, each with its mentions in their order; `spans`, those that were kept; and
            `antecedents`, each one's number among the kept, or -1. A span is its first token, counted in the
            document, and the one behind its last. Where there are gold clusters also `loss`, the documents' mean.
        """
        text, windows = read_windows(sentences, self._max_training_sentences if self.training else None)
        self._check_memory(windows)
        if self.training and self.genres is not None and genre is not None:
            self.genres.train_on(genre)
        tokens = in_groups(text, self._tokens)
        output: dict[str, Any] = {"clusters": [], "spans": [], "antecedents": []}
        losses, answers = [], []
        sizes = [int(window.lengths.sum()) for window in windows]
        for number, (encoded, inputs) in enumerate(zip(*(part.split(sizes) for part in tokens), strict=True)):
            about, window = metadata[number], windows[number]
            before = sum(map(len, about["sentences"][: window.first]))
            speakers = _speakers(about, before, len(encoded), encoded.device)
            scored = self._scored(encoded, inputs, window.lengths, speakers, None if genre is None else genre[number])
            chosen = scored.best_antecedents()
            (spans,) = moved([scored.spans.pairs()], before)
            output["spans"].append(spans)
            output["antecedents"].append(chosen)
            output["clusters"].append(joined(spans, chosen))
            if "clusters" in about:
                gold, behind = about["clusters"], before + len(encoded)
                losses.append(self._loss(scored, moved(within(gold, before, behind, lone=True), -before)))
                answers.append((output["clusters"][-1], within(gold, before, behind, lone=False), spans))
        if losses:
            # Once a batch: in distributed training each call waits for one of each other process.
            self._scores(*zip(*answers, strict=True))
            output["loss"] = torch.stack(losses).mean()
        return output

    def _tokens(self, text: TextFieldTensors) -> tuple[Tensor, Tensor]:
        """All tokens of the text after the encoder, and before it. Shapes `(all tokens, dim)`."""
        # Shape: (sentences, tokens)
        mask = get_text_field_mask(text)
        (embedded,) = self.embed(text)
        # Shape: (sentences, tokens, embedding_dim)
        inputs = self.input_dropout(join(embedded.words, embedded.elmo))
        encoded = self.encoder(inputs, mask)
        output_elmo = self.output_in_scale(embedded.output_elmo, encoded, mask)
        if output_elmo is not None:
            output_elmo = self.input_dropout(output_elmo)
        return join(self.dropout(encoded), output_elmo)[mask], inputs[mask]

    def _scored(
        self, encoded: Tensor, inputs: Tensor, lengths: Tensor, speakers: Tensor, genre: Tensor | None
    ) -> Scored:
        """
        # Parameters

        encoded, inputs : `Tensor`
            A document's tokens. Shapes `(tokens, dim)`.
        lengths : `Tensor`
            Of its sentences. Shape `(sentences,)`.
        speakers : `Tensor`
            A number each. Shape `(tokens,)`.
        genre : `Tensor`, optional
            Shape `()`.
        """
        candidates = all_spans(lengths, self._max_width)
        kept = self._kept(len(encoded), len(candidates.starts))
        # Shape: (candidates, hidden_dim)
        hidden = self.span_vectors.through(self.mention_layer, encoded, inputs, candidates)
        mentions = self.mention_scores(hidden).squeeze(-1).float()  # (candidates,)
        best = best_spans(mentions, candidates, kept)
        spans, kept_mentions = candidates.at(best), mentions[best]
        vectors = self.span_vectors(encoded, inputs, spans)  # (kept, span_dim)
        antecedents, coarse = self._antecedents(vectors, kept_mentions)
        features = self._features(spans, antecedents, speakers, genre)
        # Shape: (kept, most)
        pairs = self.pair_scores(vectors, antecedents, features).float() + coarse
        scores = kept_mentions[:, None] + kept_mentions[antecedents.places] + pairs
        scores = scores.masked_fill(~antecedents.mask, float("-inf"))
        return Scored(candidates, mentions, spans, antecedents, F.pad(scores, (1, 0)))

    def _antecedents(self, vectors: Tensor, mentions: Tensor) -> tuple[Antecedents, Tensor]:
        """
        With which spans before it each kept one is compared, and the coarse scores of these pairs, 0 without such.

        # Parameters

        vectors : `Tensor`
            Shape `(kept, span_dim)`.
        mentions : `Tensor`
            Shape `(kept,)`.
        """
        if self.coarse_scores is None:
            return nearest(len(mentions), self._max_antecedents, mentions.device), mentions.new_zeros(())
        # Shape: (kept, kept)
        coarse = (self.dropout(self.coarse_scores(vectors)) @ vectors.T).float()
        antecedents = best_scored(mentions + coarse, self._max_antecedents)
        return antecedents, coarse.gather(1, antecedents.places)

    def _features(self, spans: Spans, antecedents: Antecedents, speakers: Tensor, genre: Tensor | None) -> Tensor:
        """Shape `(kept, most, feature_dim)`, with the features side by side."""
        places = antecedents.places
        numbers = torch.arange(len(places), device=places.device)[:, None]
        features = [self.distances(distance_buckets(numbers - places))]
        if self.same_speaker is not None:
            of_spans = speakers[spans.starts]
            features.append(self.same_speaker((of_spans[:, None] == of_spans[places]).long()))
        if self.genres is not None:
            features.append(self.genres(genre).expand(*places.shape, -1))
        return self.dropout(torch.cat(features, dim=-1))

    def _loss(self, scored: Scored, gold: list[list[Span]]) -> Tensor:
        """Shape `()`."""
        loss = scored.antecedents_loss(cluster_numbers(scored.spans, gold))
        if self._mention_loss:
            loss = loss + self._mention_loss * scored.mentions_loss(cluster_numbers(scored.candidates, gold))
        return loss

    def _kept(self, tokens: int, spans: int) -> int:
        """How many of a document's spans are kept."""
        return min(max(int(self._spans_per_token * tokens), 1), spans)

    def _check_memory(self, windows: list[Window]) -> None:
        documents = []
        for window in windows:
            tokens, spans = int(window.lengths.sum()), number_of_spans(window.lengths, self._max_width)
            kept = self._kept(tokens, spans)
            documents.append(Size(tokens, spans, kept, min(self._max_antecedents, kept)))
        span_dim = self.span_vectors.get_output_dim()
        check_memory(
            documents,
            max_width=self._max_width,
            input_dim=self.embedding_dim,
            span_dim=span_dim,
            feature_dim=self.pair_scores.first.in_features - 3 * span_dim,
            hidden_dim=self.pair_scores.first.out_features,
            coarse=self.coarse_scores is not None,
            training=self.training,
            limit=self._memory_limit,
        )

    @overrides
    def get_metrics(self, reset: bool = False) -> dict[str, float]:
        """
        Those of `CorefScores`. Most come with `reset`, that is when an epoch or an evaluation ends: the progress bar,
        which asks after every batch, stays short.
        """
        return self._scores.get_metric(reset)


def _speakers(about: dict[str, Any], before: int, tokens: int, device: torch.device) -> Tensor:
    """A number for each of the tokens' speakers; the same for all where the metadata have none. Shape `(tokens,)`."""
    names = [name for sentence in about.get("speakers") or [] for name in sentence][before : before + tokens]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return torch.tensor([numbers[name] for name in names] or [0] * tokens, device=device)

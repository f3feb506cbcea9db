"""A tagger: word vectors, ELMo, an encoder and a conditional random field."""

from typing import Any, Optional

from allennlp.common import Lazy
from allennlp.common.checks import ConfigurationError
from allennlp.data import TextFieldTensors, Vocabulary
from allennlp.models import Model
from allennlp.modules import FeedForward, InputVariationalDropout, Seq2SeqEncoder, TextFieldEmbedder
from allennlp.nn import InitializerApplicator
from allennlp.nn.util import get_text_field_mask
from overrides import overrides
from torch import Tensor, nn

from elmo_tasks.checks import check_number
from elmo_tasks.embedders.task_elmo import TaskElmo
from elmo_tasks.private import special_tokens
from elmo_tasks.tasks.base.model import ElmoModel, build, extended, join
from elmo_tasks.tasks.base.schemes import SCHEMES, TagError, convert
from elmo_tasks.tasks.ner.crf import Crf, transitions
from elmo_tasks.tasks.ner.metric import ConllEval


@Model.register("elmo_crf_tagger")
class ElmoCrfTagger(ElmoModel):
    """
    Tags each token of a sentence (Peters et al. 2018, section 4 and appendix A.4; Lample et al. 2016): the vectors of
    `text_field_embedder`, an encoder, a linear projection and a conditional random field.

    Metrics: those of `ConllEval`, `f1-measure-overall` among them. Figures for single types are given at an epoch's
    end.

    # Parameters

    vocab : `Vocabulary`
        Has the tags in the namespace `label_namespace`.
    text_field_embedder : `TextFieldEmbedder`
    encoder : `Lazy[Seq2SeqEncoder]`, optional
        Such as a biLSTM, whose `input_size` may be left out. None: the token vectors are tagged as they are.
    elmo : `TaskElmo`, optional
        ELMo for the encoder's input, concatenated to its output, or both (section 3.3).
    feedforward : `Lazy[FeedForward]`, optional
        Between the encoder and the projection. Its `input_dim` may be left out.
    label_encoding : `str`, optional (default = `"BIOUL"`)
        The scheme of the tags, `"IOB1"`, `"BIO"`, `"BIOUL"`, `"BIOES"` or `"BMES"`, the same as the reader's
        `coding_scheme`. None for tags that mark no spans: there are no spans to score, and no constraints.
    constrain_decoding : `bool`, optional (default = `True`)
        Whether only sequences that `label_encoding` allows are predicted.
    label_namespace : `str`, optional (default = `"labels"`)
        The tags' namespace in the vocabulary.
    dropout : `float`, optional (default = 0)
        Of the token vectors and of what is projected to tags.
    variational_dropout : `bool`, optional (default = `False`)
        Whether dropout drops a dimension in all tokens of a sentence alike (Gal and Ghahramani 2016).
    initializer : `InitializerApplicator`, optional
    regularizer : `RegularizerApplicator`, optional

    # Raises

    `ConfigurationError`
        If sizes do not fit, `label_encoding` is unknown or is not what the reader gives, or ELMo's indexer is missing.

    Registered as a `Model` with name "elmo_crf_tagger".
    """

    default_predictor = "elmo_tagger"

    # AllenNLP builds an Optional[X] from a config, but passes an X | None on unbuilt.
    def __init__(
        self,
        vocab: Vocabulary,
        text_field_embedder: TextFieldEmbedder,
        encoder: Optional[Lazy[Seq2SeqEncoder]] = None,
        elmo: Optional[TaskElmo] = None,
        feedforward: Optional[Lazy[FeedForward]] = None,
        label_encoding: str | None = "BIOUL",
        constrain_decoding: bool = True,
        label_namespace: str = "labels",
        dropout: float = 0.0,
        variational_dropout: bool = False,
        initializer: Optional[InitializerApplicator] = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(vocab, text_field_embedder, elmo, **kwargs)
        if label_encoding is not None and label_encoding not in SCHEMES:
            raise ConfigurationError(
                f'label_encoding is "{label_encoding}"; it must be one of {", ".join(SCHEMES)}, or null.'
            )
        self.encoder = build(encoder, self.embedding_dim, "encoder") if encoder is not None else None
        encoded_dim = self.encoder.get_output_dim() if self.encoder is not None else self.embedding_dim
        encoded_dim += self.output_elmo_dim
        self.feedforward = build(feedforward, encoded_dim, "feedforward") if feedforward is not None else None
        projected_dim = self.feedforward.get_output_dim() if self.feedforward is not None else encoded_dim
        check_number(ConfigurationError, 0, 1, dropout=dropout)
        self.dropout = InputVariationalDropout(dropout) if variational_dropout else nn.Dropout(dropout)
        self.label_encoding = label_encoding
        self.label_namespace: str = label_namespace
        self._scheme = label_encoding if constrain_decoding else None

        self._labels = self.label_names(label_namespace)
        self.tag_projection = nn.Linear(projected_dim, len(self._labels))
        self.crf = Crf(len(self._labels), self._transitions())
        self._scores = ConllEval(spans=label_encoding is not None)
        if initializer is not None:
            initializer(self)

    def _transitions(self) -> list[tuple[int, int]]:
        """Those between the tags that may be predicted: all but what a padded namespace has for padding."""
        not_tags = special_tokens(self.vocab, self.label_namespace)
        return [pair for pair in transitions(self._labels, self._scheme) if not_tags.isdisjoint(pair)]

    @overrides
    def extend_labels(self) -> None:
        self._labels = self.label_names(self.label_namespace)
        self.tag_projection = extended(self.tag_projection, len(self._labels))
        self.crf = self.crf.extended(len(self._labels), self._transitions())

    @overrides(check_signature=False)
    def forward(
        self, tokens: TextFieldTensors, metadata: list[dict[str, Any]], tags: Tensor | None = None
    ) -> dict[str, Any]:
        """
        # Parameters

        tokens : `TextFieldTensors`
            A sentence may be empty.
        metadata : `list[dict[str, Any]]`
            Each sentence's `words`, and its gold `tags` by name if the reader gives them.
        tags : `Tensor`, optional
            The gold tags. Shape `(batch, tokens)`.

        # Returns

        `dict[str, Any]`
            `logits`, shape `(batch, tokens, number of tags)`; `mask`, shape `(batch, tokens)`; `tags`, the predicted
            ones, a list a sentence; `words`; and where `tags` is given `loss`, the negative log likelihood summed
            over the batch.
        """
        # Shape: (batch, tokens)
        mask = get_text_field_mask(tokens)
        # Shape: (batch, tokens, number of tags)
        logits = self._logits(tokens, mask)
        # The CRF cannot take a sentence without a token. Shape: (batch,)
        present = mask.any(dim=1)
        decoded = iter(self.crf.decode(logits[present], mask[present]) if present.any() else [])
        predicted = [next(decoded) if has_tokens else [] for has_tokens in present.tolist()]
        words = [sentence["words"] for sentence in metadata]
        output = {"logits": logits, "mask": mask, "tags": predicted, "words": words}
        if tags is not None:
            gold = self._gold(tags, mask, metadata)
            if self.training:
                self._check_encoding(words, gold)
            self._scores(self._names(predicted), gold)
            likelihood = self.crf(logits[present], tags[present], mask[present]) if present.any() else logits.sum()
            output["loss"] = -likelihood
        return output

    def _logits(self, tokens: TextFieldTensors, mask: Tensor) -> Tensor:
        """Shape `(batch, tokens, number of tags)`."""
        if not mask.any():
            # Not every embedder and encoder can take sentences that are all empty.
            return self.crf.transitions.new_zeros(*mask.shape, self.crf.num_tags)
        (embedded,) = self.embed(tokens)
        # Shape: (batch, tokens, embedding_dim)
        encoded = self.dropout(join(embedded.words, embedded.elmo))
        if self.encoder is not None:
            # Shape: (batch, tokens, encoder_output_dim)
            encoded = self.encoder(encoded, mask)
        if self.encoder is not None or embedded.output_elmo is not None:
            # Shape: (batch, tokens, encoder_output_dim + output_elmo_dim)
            encoded = self.dropout(self.join_output(encoded, embedded.output_elmo, mask))
        if self.feedforward is not None:
            encoded = self.feedforward(encoded)
        return self.tag_projection(encoded)

    def _check_encoding(self, sentences: list[list[str]], gold: list[list[str]]) -> None:
        """Tags in another scheme than the model's would train well, and then be decoded wrongly without a word."""
        if self.label_encoding is None:
            return
        for words, tags in zip(sentences, gold, strict=True):
            try:
                if convert(tags, self.label_encoding) == tags:
                    continue
                problem = f"are not in {self.label_encoding}, the model's label_encoding"
            except TagError as error:
                problem = f"mark no spans: {error}"
            raise ConfigurationError(
                f"The tags of a training sentence {problem}. Set the reader's coding_scheme to the model's "
                "label_encoding, or both to null where tags mark no spans. "
                f"The sentence: {' '.join(words)}. Its tags: {' '.join(tags)}."
            )

    def _gold(self, tags: Tensor, mask: Tensor, metadata: list[dict[str, Any]]) -> list[list[str]]:
        """The gold tags by name; from the metadata, where a tag that training never saw has kept its own."""
        if all("tags" in sentence for sentence in metadata):
            return [sentence["tags"] for sentence in metadata]
        lengths = mask.sum(dim=1).tolist()
        return self._names([sentence[:length] for sentence, length in zip(tags.tolist(), lengths, strict=True)])

    def _names(self, indices: list[list[int]]) -> list[list[str]]:
        return [[self._labels[index] for index in sentence] for sentence in indices]

    @overrides(check_signature=False)
    def make_output_human_readable(self, output_dict: dict[str, Any]) -> dict[str, Any]:
        """Predicted tags by name instead of by index."""
        output_dict["tags"] = self._names(output_dict["tags"])
        return output_dict

    @overrides
    def get_metrics(self, reset: bool = False) -> dict[str, float]:
        """
        Those of `ConllEval`. The figures of single types come with `reset`, that is when an epoch or an evaluation
        ends: the progress bar, which asks after every batch, stays short.
        """
        metrics = self._scores.get_metric(reset)
        return {name: value for name, value in metrics.items() if reset or name in _IN_PROGRESS_BAR}


_IN_PROGRESS_BAR = ("accuracy", "precision-overall", "recall-overall", "f1-measure-overall")

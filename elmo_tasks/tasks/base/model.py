"""What the tasks' models have in common: word vectors, ELMo where it is wanted, and parts that fit one another."""

from typing import Any, NamedTuple, TypeVar

import torch
from allennlp.common import Lazy
from allennlp.common.checks import ConfigurationError
from allennlp.data import TextFieldTensors, Vocabulary
from allennlp.models import Model
from allennlp.modules import FeedForward, Seq2SeqEncoder, Seq2VecEncoder, TextFieldEmbedder
from allennlp.modules.text_field_embedders import BasicTextFieldEmbedder
from allennlp.nn.util import get_text_field_mask
from overrides import overrides
from torch import Tensor, nn

from elmo_tasks.bilm.padding import zero_padding
from elmo_tasks.embedders.task_elmo import TaskElmo
from elmo_tasks.private import embedder_names, special_tokens

Part = TypeVar("Part", Seq2SeqEncoder, Seq2VecEncoder, FeedForward)


class Embedded(NamedTuple):
    """
    The vectors of a text's tokens in their parts, each of shape `(batch, ..., tokens, its dim)`.

    # Parameters

    words : `Tensor`
        Those of the text field embedder.
    elmo : `Tensor`, optional
        ELMo's for an encoder's input; None where there is none.
    output_elmo : `Tensor`, optional
        ELMo's for the encoder's output; likewise.
    """

    words: Tensor
    elmo: Tensor | None
    output_elmo: Tensor | None


class InputVectors(nn.Module):
    """
    Where all that a model sees of a text goes through as it is, words' vectors and ELMo's side by side: what AllenNLP
    Interpret looks at.

    # Parameters

    embedder : `TextFieldEmbedder`, optional
        Gives words their vectors one by one, for Hotflip. None where a word's vector depends on its sentence.
    """

    def __init__(self, embedder: TextFieldEmbedder | None) -> None:
        super().__init__()
        # In a list, so that its parameters are not the model's a second time.
        self._embedder = [embedder] if embedder is not None else []

    def forward(self, vectors: Tensor | TextFieldTensors) -> Tensor:
        """
        # Parameters

        vectors : `Tensor` or `TextFieldTensors`
            Shape `(batch, ..., tokens, dim)`; or words.

        # Raises

        `ConfigurationError`
            If words are given, and their vectors depend on the sentence.
        """
        if isinstance(vectors, Tensor):
            return vectors
        if not self._embedder:
            raise ConfigurationError(
                "Hotflip needs a vector of each word, and ELMo's depend on the word's sentence. Saliency (such as "
                "simple-gradient) and input-reduction work with ELMo."
            )
        return self._embedder[0](vectors)


class ElmoModel(Model):
    """
    A model whose token vectors are those of a text field embedder and, where `elmo` says so, ELMo's. `embed` gives them
    in parts; the subclass joins them where it wants them.

    gamma, the scale of ELMo's vectors, starts on the first training batch: so that they are as long as the words'
    vectors if some of these are frozen, and as long as the encoder's output where they stand beside it; elsewhere
    from 1. See `TaskElmo`.

    # Parameters

    vocab : `Vocabulary`
    text_field_embedder : `TextFieldEmbedder`
        A `basic` one is given the tensors of the token indexers that it has an embedder for, and no others.
    elmo : `TaskElmo`, optional
    """

    label_namespace: str | None = None
    """Where the vocabulary has the labels that the model predicts, if it does."""

    def __init__(
        self, vocab: Vocabulary, text_field_embedder: TextFieldEmbedder, elmo: TaskElmo | None, **kwargs: Any
    ) -> None:
        super().__init__(vocab, **kwargs)
        self.text_field_embedder = text_field_embedder
        self.elmo = elmo
        if elmo is not None:
            elmo.start_in_scale("input", "output")
        self.input_vectors = InputVectors(None if elmo is not None else text_field_embedder)

    @property
    def embedding_dim(self) -> int:
        """Length of a token's vector at the input, that is of its words' and ELMo's together."""
        return self.text_field_embedder.get_output_dim() + (self.elmo.input_dim if self.elmo is not None else 0)

    @property
    def output_elmo_dim(self) -> int:
        """Length of ELMo's vector at the output; 0 without ELMo there."""
        return self.elmo.output_dim if self.elmo is not None else 0

    def embed(self, *texts: TextFieldTensors, num_wrapping_dims: int = 0) -> list[Embedded]:
        """
        # Parameters

        texts : `TextFieldTensors`
            A batch's text fields.
        num_wrapping_dims : `int`, optional (default = `0`)
            How many lists the text fields stand in: 1 for documents that are lists of sentences, whose vectors have
            the shape `(batch, sentences, tokens, dim)`.

        # Returns

        `list[Embedded]`
            One a text; zeros where there is no token.
        """
        elmo = self.elmo(*texts) if self.elmo is not None else [(None, None)] * len(texts)
        embedded = []
        for text, (elmo_input, elmo_output) in zip(texts, elmo, strict=True):
            words = self.text_field_embedder(self._for_embedder(text), num_wrapping_dims=num_wrapping_dims)
            # Shape: (batch, ..., tokens)
            mask = get_text_field_mask(text, num_wrapping_dims)
            if elmo_input is not None:
                elmo_input = self._input_in_scale(elmo_input, words, mask)
            vectors = self.input_vectors(zero_padding(join(words, elmo_input), mask))
            at_input = vectors.split([part.shape[-1] for part in (words, elmo_input) if part is not None], dim=-1)
            at_output = None if elmo_output is None else zero_padding(elmo_output, mask)
            embedded.append(Embedded(at_input[0], at_input[1] if len(at_input) > 1 else None, at_output))
        return embedded

    def join_output(self, encoded: Tensor, output_elmo: Tensor | None, mask: Tensor) -> Tensor:
        """
        An encoder's output and beside it ELMo's vectors, where there are any.

        # Parameters

        encoded : `Tensor`
            Shape `(batch, ..., tokens, dim)`.
        output_elmo : `Tensor`, optional
            `Embedded.output_elmo`. Shape `(batch, ..., tokens, output_elmo_dim)`.
        mask : `Tensor`
            True where there is a token. Shape `(batch, ..., tokens)`.

        # Returns

        `Tensor`
            Shape `(batch, ..., tokens, dim + output_elmo_dim)`.
        """
        return join(encoded, self.output_in_scale(output_elmo, encoded, mask))

    def output_in_scale(self, output_elmo: Tensor | None, encoded: Tensor, mask: Tensor) -> Tensor | None:
        """`Embedded.output_elmo` as `join_output` puts it beside the encoder's output; both take the same."""
        if output_elmo is None:
            return None
        assert self.elmo is not None
        return self.elmo.in_scale("output", output_elmo, encoded, mask)

    def _input_in_scale(self, elmo: Tensor, words: Tensor, mask: Tensor) -> Tensor:
        """Vectors that are trained, from nothing or on, grow as they need to; frozen ones would be drowned."""
        assert self.elmo is not None
        are_frozen = any(not weight.requires_grad for weight in self.text_field_embedder.parameters())
        return self.elmo.in_scale("input", elmo, words if are_frozen else None, mask)

    def _for_embedder(self, tokens: TextFieldTensors) -> TextFieldTensors:
        if not isinstance(self.text_field_embedder, BasicTextFieldEmbedder):
            return tokens
        embedders = embedder_names(self.text_field_embedder)
        # An indexer that nothing reads is a mistake, which the embedder reports; ELMo's has its own reader, or had one
        # before an override took ELMo away.
        name = "elmo" if self.elmo is None else self.elmo.indexer
        return {key: tensors for key, tensors in tokens.items() if key != name or key in embedders}

    def label_names(self, namespace: str = "labels") -> list[str]:
        """
        The labels of a namespace of the vocabulary, in the order of their indices.

        # Raises

        `ConfigurationError`
            If there are none.
        """
        labels = self.vocab.get_index_to_token_vocabulary(namespace)
        if len(labels) == len(special_tokens(self.vocab, namespace)):
            raise ConfigurationError(
                f'The vocabulary has no labels in the namespace "{namespace}": the model\'s label_namespace must be '
                "that of the reader's labels, and the data must have some."
            )
        return [labels[index] for index in range(len(labels))]

    def extend_labels(self) -> None:
        """
        Gives outputs to labels that the vocabulary has got behind those it had; the others keep their weights. A model
        with a `label_namespace` has this method, for the `extend_labels` of `"from_archive"`.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot extend its labels.")

    @overrides
    def get_regularization_penalty(self) -> Tensor | None:
        """AllenNLP's `regularizer`, and the penalty on the weights of ELMo's layers."""
        penalty = super().get_regularization_penalty()
        if self.elmo is None or not self.elmo.scalar_l2:
            return penalty
        return self.elmo.penalty() + (0.0 if penalty is None else penalty)


def join(*parts: Tensor | None) -> Tensor:
    """The vectors that are there, side by side: shapes `(..., its dim)` to `(..., sum of the dims)`."""
    there = [part for part in parts if part is not None]
    return torch.cat(there, dim=-1) if len(there) > 1 else there[0]


def extended(layer: nn.Linear, outputs: int) -> nn.Linear:
    """A layer with more outputs behind those of this one, which keep their weights."""
    new = nn.Linear(layer.in_features, outputs).to(layer.weight.device)
    with torch.no_grad():
        new.weight[: layer.out_features], new.bias[: layer.out_features] = layer.weight, layer.bias
    return new


def build(part: Lazy[Part], input_dim: int, name: str) -> Part:
    """
    Builds an encoder or a feed-forward network for the input that it will have.

    # Parameters

    part : `Lazy[Part]`
        From the config, which may leave out its `input_size` or `input_dim`.
    input_dim : `int`
        Length of the vectors that it will read.
    name : `str`
        The parameter's, for the error.

    # Raises

    `ConfigurationError`
        If the config says another size.
    """
    built = part.construct(input_size=input_dim, input_dim=input_dim)
    if built.get_input_dim() != input_dim:
        raise ConfigurationError(
            f"The input of {name} has vectors of length {input_dim}, and its config says {built.get_input_dim()}: "
            f"leave its input size out, or make it {input_dim}."
        )
    return built


def check_that_none_is_empty(mask: Tensor, purpose: str, kind: str = "text") -> None:
    """
    Raises `ConfigurationError` unless each text has a token.

    # Parameters

    mask : `Tensor`
        True where there is a token. Shape `(batch, ..., tokens)`.
    purpose : `str`
        What the task does with a text, such as `"classify"`.
    kind : `str`, optional (default = `"text"`)
        What a text is called.
    """
    empty = (~mask.flatten(1).any(dim=1)).nonzero().flatten().tolist()
    if empty:
        raise ConfigurationError(
            f"{kind.capitalize()} {empty[0]} of a batch (counted from 0) has no tokens: there is nothing to {purpose}. "
            "Leave such texts out."
        )

"""How much memory documents' spans and pairs need, known before any of it is allocated."""

from collections.abc import Sequence
from typing import NamedTuple

from allennlp.common.checks import ConfigurationError

from elmo_tasks.tasks.coreference.layers import AT_ONCE

_BYTES = 4
_PAIR = 40
"""So many numbers a pair has beside its features, the product of its vectors and what networks make of it."""


class Size(NamedTuple):
    """A document's tokens, all of its spans, those that are kept, and each one's antecedents at most."""

    tokens: int
    spans: int
    kept: int
    antecedents: int


def check_memory(
    documents: Sequence[Size],
    *,
    max_width: int,
    input_dim: int,
    span_dim: int,
    feature_dim: int,
    hidden_dim: int,
    coarse: bool,
    training: bool,
    limit: float,
) -> None:
    """
    # Parameters

    documents : `Sequence[Size]`
        Those of a batch.
    max_width : `int`
        Of a span, in tokens.
    input_dim, span_dim, feature_dim, hidden_dim : `int`
        Length of a token's vector before the encoder, of a span's vector, of a pair's features, and of a hidden layer.
    coarse : `bool`
        Whether all kept spans are compared with one another first.
    training : `bool`
        Whether there will be gradients, for which all documents of a batch are there at once.
    limit : `float`
        In GB.

    # Raises

    `ConfigurationError`
        Says what needs more memory than that, and what to lower.
    """
    longest = max(documents, key=lambda size: size.tokens)
    # How often each thing is there at once, found by measuring: in training, with gradients and what they need.
    heads, others = (3, 5) if training else (2, 3)
    of_spans = of_pairs = 0
    for size in documents if training else [longest]:
        pairs = size.kept * size.antecedents
        at_once = min(pairs, AT_ONCE // span_dim)
        of_spans += heads * size.tokens * max_width * input_dim + others * 4 * size.spans * hidden_dim
        of_pairs += others * (
            at_once * (span_dim + 2 * hidden_dim) + pairs * (feature_dim + _PAIR) + coarse * size.kept**2
        )
    needed = _BYTES * (of_spans + of_pairs) / 1e9
    if needed <= limit:
        return
    lower = "max_span_width" if of_spans > of_pairs else "spans_per_token or max_antecedents"
    lower = f"the model's max_training_sentences, or {lower}" if training else f"the model's {lower}"
    that = "That needs"
    if training and len(documents) > 1:
        that = f"That and the batch's other documents, {len(documents) - 1}, need"
        lower = f"the data loader's batch_size, or {lower}"
    raise ConfigurationError(
        f"A document of {longest.tokens:,} tokens has {longest.spans:,} spans, of which {longest.kept:,} are kept and "
        f"compared with up to {longest.antecedents:,} others each. {that} about {needed:.1f} GB, more than "
        f"memory_limit ({limit:g}): lower {lower}; or raise memory_limit if there is more memory."
    )

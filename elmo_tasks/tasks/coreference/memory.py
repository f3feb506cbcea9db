"""How much memory a document's spans and pairs need, known before any of it is allocated."""

from allennlp.common.checks import ConfigurationError

from elmo_tasks.tasks.coreference.layers import AT_ONCE

_BYTES = 4
_PAIR = 100
"""So many numbers a pair has, but for the product of its vectors: its features and what is made of them."""


def check_memory(
    *,
    tokens: int,
    spans: int,
    kept: int,
    antecedents: int,
    max_width: int,
    input_dim: int,
    span_dim: int,
    hidden_dim: int,
    coarse: bool,
    training: bool,
    limit: float,
) -> None:
    """
    # Parameters

    tokens, spans, kept : `int`
        Of a document: its tokens, all of its spans, and those that are kept.
    antecedents : `int`
        So many a kept span at most.
    max_width : `int`
        Of a span, in tokens.
    input_dim, span_dim, hidden_dim : `int`
        Length of a token's vector before the encoder, of a span's vector, and of a hidden layer.
    coarse : `bool`
        Whether all kept spans are compared with one another first.
    training : `bool`
        Whether there will be gradients.
    limit : `float`
        In GB.

    # Raises

    `ConfigurationError`
        Says what needs more memory than that, and which parameters of the model to lower.
    """
    # How often each thing is there at once, found by measuring: in training, with gradients and what they need.
    heads, others = (3, 5) if training else (2, 3)
    of_spans = heads * tokens * max_width * input_dim + others * 4 * spans * hidden_dim
    pairs = kept * antecedents
    of_pairs = others * (min(pairs * span_dim, AT_ONCE) + pairs * _PAIR + coarse * kept**2)
    needed = _BYTES * (of_spans + of_pairs) / 1e9
    if needed <= limit:
        return
    lower = "max_span_width" if of_spans > of_pairs else "spans_per_token or max_antecedents"
    if training:
        lower = f"max_training_sentences, or {lower}"
    raise ConfigurationError(
        f"A document of {tokens:,} tokens has {spans:,} spans, of which {kept:,} are kept and compared with up to "
        f"{antecedents:,} others each. That needs about {needed:.1f} GB, more than memory_limit ({limit:g}): lower the "
        f"model's {lower}; or raise memory_limit if there is more memory."
    )

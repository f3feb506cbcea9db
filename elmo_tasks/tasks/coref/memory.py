"""How much memory a document's spans and pairs need, known before any of it is allocated."""

from allennlp.common.checks import ConfigurationError

from elmo_tasks.tasks.coref.layers import AT_ONCE

_BYTES = 4


def check_memory(
    *,
    tokens: int,
    spans: int,
    kept: int,
    antecedents: int,
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
    span_dim, hidden_dim : `int`
        Length of a span's vector, and of a hidden layer.
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
    # Found by measuring: a vector is there as its parts and whole, and in training so is its gradient.
    copies = 5 if training else 3
    of_spans = copies * spans * (span_dim + 2 * hidden_dim)
    of_pairs = copies * (kept * antecedents * 100 + AT_ONCE) + coarse * copies * kept**2
    needed = _BYTES * (of_spans + of_pairs) / 1e9
    if needed <= limit:
        return
    lower = "max_span_width" if of_spans > of_pairs else "spans_per_token or max_antecedents"
    if training:
        lower = f"max_training_sentences or {lower}"
    raise ConfigurationError(
        f"A document of {tokens:,} tokens has {spans:,} spans, of which {kept:,} are kept and compared with up to "
        f"{antecedents:,} others each. That needs about {needed:.1f} GB, more than memory_limit ({limit:g}): lower the "
        f"model's {lower}, or raise memory_limit if there is more memory."
    )

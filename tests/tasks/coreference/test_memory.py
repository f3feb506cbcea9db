import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data.tokenizers import Token
from torch import Tensor

from elmo_tasks.tasks.coreference.layers import AT_ONCE
from elmo_tasks.tasks.coreference.memory import Size, check_memory
from task_setup import TaskSetup, kept_bytes

Config = Callable[..., Params]
# 2,000 tokens in the paper's sizes with vectors of 1,024 and 400 numbers at the input.
DOCUMENT = Size(tokens=2000, spans=17000, kept=800, antecedents=250)
# With features of distance, speaker and genre.
DIMS = {"input_dim": 1424, "span_dim": 2244, "feature_dim": 60, "hidden_dim": 150}
PAPER = {**DIMS, "max_width": 10, "coarse": False, "training": True}


def needed(*documents: Size, **changed: Any) -> float:
    """In GB, as the error has it."""
    with pytest.raises(ConfigurationError) as raised:
        check_memory(documents, **{**PAPER, **changed}, limit=0)
    found = re.search(r"about ([\d.]+) GB", str(raised.value))
    assert found is not None
    return float(found[1])


def test_a_document_of_2000_tokens_is_within_the_limit() -> None:
    check_memory([DOCUMENT], **{**PAPER, "coarse": True}, limit=8)
    assert needed(DOCUMENT, coarse=True) < 2


def test_all_that_can_be_lowered_lowers_it() -> None:
    large = Size(tokens=40000, spans=340000, kept=16000, antecedents=250)
    assert needed(large) > 15
    assert needed(large, training=False) < needed(large)
    assert needed(large, coarse=True) > needed(large)
    assert needed(large, max_width=5) < needed(large)
    assert needed(large, feature_dim=20) < needed(large)
    assert needed(large, hidden_dim=50) < needed(large)
    assert needed(large._replace(antecedents=50)) < needed(large)
    assert needed(large._replace(kept=8000)) < needed(large)


def test_in_training_all_documents_of_a_batch_are_there_at_once() -> None:
    large = Size(tokens=40000, spans=340000, kept=16000, antecedents=250)
    assert needed(large, large) == pytest.approx(2 * needed(large), abs=0.2)
    assert needed(large, DOCUMENT, training=False) == needed(large, training=False)
    message = (
        r"A document of 40,000 tokens .* That and the batch's other documents, 1, need about .* lower the data "
        r"loader's batch_size, or the model's max_training_sentences, or "
    )
    with pytest.raises(ConfigurationError, match=message):
        check_memory([DOCUMENT, large], **PAPER, limit=8)


@pytest.mark.parametrize(
    ("changed", "lower"),
    [
        ({"training": False, "kept": 40, "max_width": 40, "spans": 70000}, "lower the model's max_span_width;"),
        (
            {"training": False, "antecedents": 5000, "kept": 5000},
            "lower the model's spans_per_token or max_antecedents;",
        ),
        ({"kept": 40, "max_width": 40}, "lower the model's max_training_sentences, or max_span_width;"),
    ],
)
def test_says_what_to_lower(changed: dict[str, Any], lower: str) -> None:
    document = DOCUMENT._replace(**{name: value for name, value in changed.items() if name in Size._fields})
    others = {name: value for name, value in changed.items() if name not in Size._fields}
    with pytest.raises(ConfigurationError, match=lower):
        check_memory([document], **{**PAPER, **others}, limit=0.1)


def step(setup: TaskSetup, lengths: list[int]) -> Tensor:
    """The loss of a batch of documents of so many tokens, of which encoder and embedder have kept nothing."""
    model: Any = setup.model
    documents = [
        ([[Token("word")] * 20 for _ in range(length // 20)], [[(0, 0), (5, 5), (30, 31)]]) for length in lengths
    ]
    encoded, inputs = model.encoder.get_output_dim(), model.embedding_dim
    vectors = [torch.randn(sum(lengths), dim, requires_grad=True) for dim in (encoded, inputs)]
    model._tokens = lambda text: vectors
    loss: Tensor = setup.run([setup.instance(*document) for document in documents])["loss"]
    return loss


SIZES = {"words": 300, "characters": 4, "filters": 10, "filter_width": 3, "hidden": 100, "network": 150}
SIZES |= {"features": 20, "width": 10, "spans": 0.4, "antecedents": 250, "sentences": 50}


@pytest.mark.parametrize(
    ("sizes", "coarse", "most"),
    [
        ({}, False, 4),
        ({"antecedents": 30}, True, 4),
        # The heads' vectors of tokens and their means are made and not kept.
        ({"width": 20, "antecedents": 1, "network": 10}, False, 8),
        ({"width": 2}, False, 4),
        ({"features": 400, "words": 20, "hidden": 20, "network": 20}, False, 4),
        ({"network": 1000, "words": 20, "hidden": 20}, False, 4),
    ],
)
def test_is_what_is_kept_for_the_gradients_and_some_more(
    config: Config, sizes: dict[str, Any], coarse: bool, most: float
) -> None:
    setup = TaskSetup(config(None, {"model.coarse_to_fine": coarse}, sizes={**SIZES, **sizes}))
    lengths = [160, 100]
    # Else the products of pairs would not be kept but made again.
    assert 64 * 64 * setup.model.span_vectors.get_output_dim() < AT_ONCE
    kept = kept_bytes(setup.model, lambda: step(setup, lengths))
    # The gradients come on top, by torch.profiler's account up to half as much again. The rest is on the safe side: the
    # factors are those of the most expensive settings, such as vectors before the encoder that need gradients too.
    setup.model._memory_limit = 1.5 * kept / 1e9
    with pytest.raises(ConfigurationError, match=r"needs? about"):
        step(setup, lengths)
    setup.model._memory_limit = most * kept / 1e9
    step(setup, lengths)

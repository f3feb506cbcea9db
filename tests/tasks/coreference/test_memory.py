import re
from typing import Any

import pytest
from allennlp.common.checks import ConfigurationError

from elmo_tasks.tasks.coreference.memory import check_memory

# 2,000 tokens in the paper's sizes with vectors of 1,024 and 400 numbers at the input.
PAPER = {"tokens": 2000, "spans": 17000, "kept": 800, "antecedents": 250, "max_width": 10, "input_dim": 1424}
PAPER |= {"span_dim": 2244, "hidden_dim": 150}


def needed(**changed: Any) -> float:
    """In GB, as the error has it."""
    with pytest.raises(ConfigurationError) as raised:
        check_memory(**{**PAPER, "coarse": False, "training": True, **changed}, limit=0)
    found = re.search(r"about ([\d.]+) GB", str(raised.value))
    assert found is not None
    return float(found[1])


def test_a_document_of_2000_tokens_is_within_the_limit() -> None:
    check_memory(**PAPER, coarse=True, training=True, limit=8)
    assert needed(coarse=True) < 2


def test_all_that_can_be_lowered_lowers_it() -> None:
    large = {"tokens": 40000, "spans": 340000, "kept": 16000}
    assert needed(**large) > 15
    assert needed(**large, training=False) < needed(**large)
    assert needed(**large, coarse=True) > needed(**large)
    assert needed(**large, max_width=5) < needed(**large)
    assert needed(**large, antecedents=50) < needed(**large)
    assert needed(**{**large, "kept": 8000}) < needed(**large)


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
    with pytest.raises(ConfigurationError, match=lower):
        check_memory(**{**PAPER, "coarse": False, "training": True, **changed}, limit=0.1)

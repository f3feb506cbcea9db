import math
import random
import sys
from collections.abc import Callable

import pytest
from allennlp.common.checks import ConfigurationError
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU

from elmo_tasks.tasks.translation.metric import Bleu

text = st.lists(st.sampled_from(["der", "Der", "Hund", "läuft", ".", "läuft.", "(3,5)", "我们", ""]), max_size=8).map(
    " ".join
)
TOKENIZATIONS = ["13a", "none", "zh", "char", "intl"]


@settings(max_examples=100)
@given(
    st.lists(st.tuples(text, text), min_size=1, max_size=12),
    st.integers(1, 5),
    st.sampled_from(TOKENIZATIONS),
    st.booleans(),
)
def test_is_sacrebleus_of_the_corpus(pairs: list[tuple[str, str]], size: int, tokenize: str, lowercase: bool) -> None:
    translations, references = [one for one, _ in pairs], [other for _, other in pairs]
    bleu = Bleu(tokenize, lowercase)
    for start in range(0, len(pairs), size):
        bleu(translations[start : start + size], references[start : start + size])
    expected = BLEU(tokenize=tokenize, lowercase=lowercase).corpus_score(translations, [references])
    assert 100 * bleu.get_metric()["bleu"] == pytest.approx(expected.score, abs=1e-9)
    assert bleu.get_metric(reset=True)["bleu"] == expected.score / 100
    assert bleu.get_metric(reset=True) == {"bleu": 0}


def test_by_hand() -> None:
    bleu = Bleu("none")
    bleu(["a b c d e", "x"], ["a b c d f", "x y z"])
    # Right of all: 5 of 6 words, 3 of 4 pairs, 2 of 3 triples, 1 of 2 fours; 6 words where there should be 8.
    precision = (5 / 6 * 3 / 4 * 2 / 3 * 1 / 2) ** (1 / 4)
    assert bleu.get_metric()["bleu"] == pytest.approx(math.exp(1 - 8 / 6) * precision)


def test_tokens_of_punctuation_count_as_said() -> None:
    scores = {}
    for tokenize in ("13a", "none"):
        bleu = Bleu(tokenize)
        bleu(["Der Hund läuft weg ."], ["Der Hund läuft weg."])
        scores[tokenize] = bleu.get_metric()["bleu"]
    assert scores["13a"] == pytest.approx(1)
    assert scores["none"] < 0.8


def test_both_have_as_many() -> None:
    with pytest.raises(ValueError, match="longer"):
        Bleu()(["a"], ["a", "b"])


def test_adds_up_over_workers(beside: Callable[..., None]) -> None:
    texts = [" ".join(random.Random(number).choices("abcd", k=6)) for number in range(40)]
    whole, mine, other = Bleu(), Bleu(), Bleu()
    whole(texts[:20], texts[20:])
    other(texts[12:20], texts[32:])
    beside(other._counts)
    mine(texts[:12], texts[20:32])
    assert mine.get_metric(reset=True) == whole.get_metric(reset=True) != {"bleu": 0}


def test_a_tokenization_that_there_is_not() -> None:
    with pytest.raises(ConfigurationError, match=r'tokenize is "moses"; it must be one of .*13a'):
        Bleu("moses")
    with pytest.raises(ConfigurationError, match="lowercase is 1"):
        Bleu(lowercase=1)  # type: ignore[arg-type]


def test_a_tokenization_that_needs_another_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "MeCab", None)
    with pytest.raises(ConfigurationError, match=r'tokenize "ja-mecab": Japanese tokenization .*pip') as e:
        Bleu("ja-mecab")
    assert "\n" not in str(e.value)


def test_sacrebleu_that_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics", None)
    bleu = Bleu()
    for use in (lambda: bleu(["a"], ["a"]), bleu.get_metric, bleu.check_installed):
        with pytest.raises(ConfigurationError, match=r'is not installed: pip install "sacrebleu>=2\.4"'):
            use()
    bleu.reset()

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elmo_tasks.modules.tokenizer import SpacyRulesTokenizer
from elmo_tasks.tasks.squad.answers import find_span
from elmo_tasks.tasks.squad.corpus import Answer
from elmo_tasks.tasks.squad.reader import SquadReader

TOKENIZER = SpacyRulesTokenizer()
READER = SquadReader()
UNUSUAL = [
    "😀",
    "👩‍👩‍👧",
    "🇳🇴",
    "\u200b",
    "\u200e",
    "\u200f",
    "\ufeff",
    "שלום",
    "مرحبا",
    "é",
    "e\u0301",
    "İ",
    "\u00a0",
    "\u2028",
    "\r\n",
]
PIECES = st.sampled_from([*"aAb1 \t\n.,;:'\"$%-–—…()/", "don't", "U.S.", "km/h", "3,084", *UNUSUAL])  # noqa: RUF001
TEXTS = st.lists(PIECES, min_size=1, max_size=30).map("".join).filter(str.strip)


def offsets_of(text: str) -> list[tuple[int, int]]:
    return [(token.idx, token.idx_end) for token in TOKENIZER.tokenize(text)]


@settings(max_examples=150)
@given(TEXTS, st.data())
def test_an_answer_of_whole_tokens_is_found_exactly(text: str, data: st.DataObject) -> None:
    offsets = offsets_of(text)
    first = data.draw(st.integers(0, len(offsets) - 1))
    last = data.draw(st.integers(first, len(offsets) - 1))
    start, end = offsets[first][0], offsets[last][1]
    assert find_span(offsets, start, end) == (first, last, True)
    instance = READER.text_to_instance("what?", text, [Answer(text[start:end], start)])
    field, about = instance["answer_span"], instance["metadata"]
    assert (field.span_start, field.span_end) == (first, last)
    assert text[about["offsets"][first][0] : about["offsets"][last][1]] == text[start:end]


@settings(max_examples=150)
@given(TEXTS, st.data())
def test_any_characters_are_covered_as_by_brute_force(text: str, data: st.DataObject) -> None:
    offsets = offsets_of(text)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    touched = [number for number, place in enumerate(offsets) if set(range(*place)) & set(range(start, end))]
    span = find_span(offsets, start, end)
    if not touched:
        assert span is None
        assert not text[start:end].strip()
        return
    assert span is not None
    assert list(range(span.start, span.end + 1)) == touched
    characters = {character for number in touched for character in range(*offsets[number])}
    assert span.exact == (characters <= set(range(start, end)))


@pytest.mark.parametrize(
    ("answer", "tokens", "exact"),
    [
        ("the 1990s–2000s", ["the", "1990s–2000s"], True),  # noqa: RUF001
        ("the 1990s", ["the", "1990s–2000s"], False),  # noqa: RUF001
        ("n't", ["n't"], True),
        ("don't ", ["do", "n't"], True),
        ("on't", ["do", "n't"], False),
        ("  $ 3", ["$", "3"], True),
    ],
)
def test_examples(answer: str, tokens: list[str], exact: bool) -> None:
    text = "They don't like the 1990s–2000s, nor   $ 3 here."  # noqa: RUF001
    offsets = offsets_of(text)
    start = text.index(answer)
    span = find_span(offsets, start, start + len(answer))
    assert span is not None
    assert [text[slice(*offsets[number])] for number in range(span.start, span.end + 1)] == tokens
    assert span.exact == exact

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elmo_tasks.modules.tokenizer import SpacyRulesTokenizer
from elmo_tasks.tasks.coreference.resolving import resolve


def resolved(text: str, *clusters: list[tuple[int, int]]) -> str:
    tokens = [(token.idx, token.idx_end) for token in SpacyRulesTokenizer().tokenize(text)]
    return resolve(text, tokens, clusters)


@pytest.mark.parametrize(
    ("text", "clusters", "expected"),
    [
        ("Ada fed a cat.  It purred.", [[(2, 4), (5, 6)]], "Ada fed a cat.  a cat purred."),
        ("Ada saw Bo. She hid from him.", [[(0, 1), (4, 5)], [(2, 3), (7, 8)]], "Ada saw Bo. Ada hid from Bo."),
        ("Ada lost her keys.", [[(0, 1), (2, 3)]], "Ada lost Ada's keys."),
        ("Ada knew; they saw her and left.", [[(0, 1), (5, 6)]], "Ada knew; they saw Ada and left."),
        ("Ada knew: they saw her.", [[(0, 1), (5, 6)]], "Ada knew: they saw Ada."),
        ("Ada knew that they saw her", [[(0, 1), (5, 6)]], "Ada knew that they saw Ada"),
        ("Lars' car broke its axle.", [[(0, 3), (4, 5)]], "Lars' car broke Lars' car's axle."),
        ("Ada's is old, and its door too.", [[(0, 2), (6, 7)]], "Ada's is old, and Ada's door too."),
        # Treebanks have the 's in the mention.
        ("Ada left. Ada's cat slept.", [[(0, 1), (3, 5)]], "Ada left. Ada's cat slept."),
        ("Ada's cat slept. She left.", [[(0, 2), (5, 6)]], "Ada's cat slept. Ada left."),
        ("Ada’s cat saw her.", [[(0, 2), (4, 5)]], "Ada’s cat saw Ada."),  # noqa: RUF001
        ("The boys' dog bit them.", [[(0, 3), (5, 6)]], "The boys' dog bit The boys."),
        ("Ada 's cat saw her .", [[(0, 2), (4, 5)]], "Ada 's cat saw Ada ."),
        ("The boys ' dog and their cat", [[(0, 3), (5, 6)]], "The boys ' dog and The boys ' cat"),
        ("She saw the boys' dog.", [[(0, 1), (2, 5)]], "the boys saw the boys' dog."),
        # What begins with pronouns is named by what follows, or by nothing.
        ("My brother called me . I was glad .", [[(0, 1), (3, 4), (5, 6)]], "My brother called me . I was glad ."),
        ("Their boat sank , and they swam .", [[(0, 1), (5, 6)]], "Their boat sank , and they swam ."),
        (
            "We sold our boat . It was ours .",
            [[(0, 1), (2, 3), (7, 8)], [(2, 4), (5, 6)]],
            "We sold our boat . our boat was ours .",
        ),
        ("Her cat saw Ada when she left.", [[(0, 1), (3, 4), (5, 6)]], "Ada's cat saw Ada when Ada left."),
        ("She says that I know Ada.", [[(0, 1), (5, 6)]], "Ada says that I know Ada."),
        (
            "That is why they sank: the leak, which grew.",
            [[(0, 1), (6, 8), (9, 10)]],
            "the leak is why they sank: the leak, the leak grew.",
        ),
        ("Who left? Whose dog is this?", [[(0, 1), (3, 4)], [(3, 5), (6, 7)]], "Who left? Whose dog is Whose dog?"),
        ("The man whose dog barked left.", [[(0, 2), (2, 3)]], "The man The man's dog barked left."),
        (
            "Someone called. He left his name.",
            [[(0, 1), (3, 4), (5, 6)]],
            "Someone called. Someone left Someone's name.",
        ),
        ("WHO warns, and it is right.", [[(0, 1), (4, 5)]], "WHO warns, and WHO is right."),
        # A name does not stand in itself.
        (
            "The man who says he left ran. He fell.",
            [[(0, 6), (2, 3), (4, 5), (8, 9)]],
            "The man who says he left ran. The man who says he left fell.",
        ),
        ("Ada says the cat is hers.", [[(0, 1), (5, 6)]], "Ada says the cat is Ada's."),
        ("Ada saw 's .", [[(0, 1), (2, 3)]], "Ada saw Ada ."),
        # In a first mention that stays, others are replaced.
        ("Bo met his sister. She left.", [[(0, 1), (2, 3)], [(2, 4), (5, 6)]], "Bo met Bo's sister. his sister left."),
        # The outermost of two in one another.
        ("Bo and his dog: his dog.", [[(0, 1), (2, 3), (5, 6)], [(2, 4), (5, 7)]], "Bo and Bo's dog: his dog."),
        # Of two that cross the first.
        ("a b c d e", [[(0, 1), (1, 3)], [(0, 2), (2, 5)]], "a a d e"),
        ("Nobody came.", [], "Nobody came."),
        ("😀 İ fed שלום. They ran.", [[(0, 1), (5, 6)]], "😀 İ fed שלום. 😀 ran."),
    ],
)
def test_resolved(text: str, clusters: list[list[tuple[int, int]]], expected: str) -> None:
    assert resolved(text, *clusters) == expected


@settings(max_examples=100)
@given(st.sets(st.tuples(st.integers(0, 9), st.integers(1, 10)).filter(lambda span: span[0] < span[1]), max_size=9))
def test_what_is_in_no_replaced_mention_stays(spans: set[tuple[int, int]]) -> None:
    words = [f"w{number}" for number in range(10)]
    tokens = [(3 * number, 3 * number + 2) for number in range(10)]
    cluster = sorted(spans)
    text = resolve(" ".join(words), tokens, [cluster] if cluster else [])
    replaced = {number for start, end in cluster[1:] for number in range(start, end)}
    assert [word for word in words if int(word[1:]) not in replaced and word not in text.split()] == []

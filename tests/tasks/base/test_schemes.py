import itertools

import pytest
from allennlp.data.dataset_readers.dataset_utils.span_utils import (
    bio_tags_to_spans,
    bioul_tags_to_spans,
    iob1_tags_to_spans,
    to_bioul,
)
from allennlp.modules.conditional_random_field import allowed_transitions
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from elmo_tasks.tasks.base.schemes import SCHEMES, Span, TagError, convert, spans_to_tags, tags_to_spans
from elmo_tasks.tasks.ner.crf import transitions

TYPES = ("PER", "LOC", "creative-work")
# Any order of tags, also such as no scheme allows.
iob_tags = st.lists(st.sampled_from(["O", *(f"{prefix}-{type_}" for prefix in "BI" for type_ in TYPES)]), max_size=12)
any_tags = st.lists(
    st.sampled_from(["O", *(f"{prefix}-{type_}" for prefix in "BILUESM" for type_ in TYPES)]), max_size=12
)
# Spans of 1 to 3 tokens, and -1 to -3 tokens outside any.
pieces = st.lists(st.tuples(st.integers(-3, 3).filter(bool), st.sampled_from(TYPES)), max_size=8)


def to_spans(pieces: list[tuple[int, str]]) -> tuple[list[Span], int]:
    spans, length = [], 0
    for size, type_ in pieces:
        if size > 0:
            spans.append(Span(type_, length, length + size))
        length += abs(size)
    return spans, length


def labels_of(scheme: str) -> list[str]:
    prefixes = {"IOB1": "BI", "BIO": "BI", "BIOUL": "BILU", "BIOES": "BIES", "BMES": "BMES"}[scheme]
    return ["O", *(f"{prefix}-{type_}" for prefix in prefixes for type_ in TYPES)]


def inclusive(spans: list[Span]) -> set[tuple[str, tuple[int, int]]]:
    """As AllenNLP writes spans."""
    return {(span.type, (span.start, span.end - 1)) for span in spans}


@given(pieces, st.sampled_from(SCHEMES))
def test_spans_survive_every_scheme(pieces: list[tuple[int, str]], scheme: str) -> None:
    spans, length = to_spans(pieces)
    assert tags_to_spans(spans_to_tags(spans, length, scheme)) == spans


@given(iob_tags)
def test_reads_iob1_and_bio_as_allennlp_does(tags: list[str]) -> None:
    assert inclusive(tags_to_spans(tags)) == set(iob1_tags_to_spans(tags)) == set(bio_tags_to_spans(tags))


@given(any_tags)
def test_reads_any_tags_as_seqeval_does(tags: list[str]) -> None:
    renamed = [tag.replace("L-", "E-").replace("U-", "S-").replace("M-", "I-") for tag in tags]
    assert [(span.type, span.start, span.end - 1) for span in tags_to_spans(tags)] == get_entities(renamed)


@given(iob_tags)
def test_writes_bioul_as_allennlp_does(tags: list[str]) -> None:
    bioul = convert(tags, "BIOUL")
    assert bioul == to_bioul(tags, "IOB1")
    assert inclusive(tags_to_spans(tags)) == set(bioul_tags_to_spans(bioul))


@given(any_tags, st.sampled_from(SCHEMES))
def test_writes_only_what_the_scheme_allows(tags: list[str], scheme: str) -> None:
    labels = labels_of(scheme)
    index = {label: number for number, label in enumerate(labels)}
    path = [len(labels), *(index[tag] for tag in convert(tags, scheme)), len(labels) + 1]
    allowed = set(transitions(labels, scheme))
    if tags:
        assert all(pair in allowed for pair in itertools.pairwise(path))


@given(any_tags, st.sampled_from(SCHEMES), st.sampled_from(SCHEMES))
def test_schemes_convert_into_each_other(tags: list[str], one: str, other: str) -> None:
    assert convert(convert(tags, one), other) == convert(tags, other)


@pytest.mark.parametrize(
    ("scheme", "tags"),
    [
        ("IOB1", "I-PER I-PER B-PER O I-LOC I-PER"),
        ("BIO", "B-PER I-PER B-PER O B-LOC B-PER"),
        ("BIOUL", "B-PER L-PER U-PER O U-LOC U-PER"),
        ("BIOES", "B-PER E-PER S-PER O S-LOC S-PER"),
        ("BMES", "B-PER E-PER S-PER O S-LOC S-PER"),
    ],
)
def test_one_sentence_in_each_scheme(scheme: str, tags: str) -> None:
    spans = [Span("PER", 0, 2), Span("PER", 2, 3), Span("LOC", 4, 5), Span("PER", 5, 6)]
    assert spans_to_tags(spans, 6, scheme) == tags.split()
    assert tags_to_spans(tags.split()) == spans


@pytest.mark.parametrize("tag", ["X-PER", "b-PER", "PER", "B", "B-", "I", "", "NN", "O-PER", "-PER", "o"])
def test_an_unknown_tag_is_named(tag: str) -> None:
    with pytest.raises(TagError, match=f'"{tag}"'):
        tags_to_spans(["O", tag])


@pytest.mark.parametrize(("scheme", "inside"), [("BIOUL", "I"), ("BIOES", "I"), ("BMES", "M")])
def test_the_inside_of_long_spans(scheme: str, inside: str) -> None:
    first, second, third, last = spans_to_tags([Span("PER", 0, 4)], 4, scheme)
    assert (first, second, third) == ("B-PER", f"{inside}-PER", f"{inside}-PER")
    assert last == ("L-PER" if scheme == "BIOUL" else "E-PER")


@pytest.mark.parametrize("scheme", ["IOB1", "BIO", "BIOUL"])
def test_allows_what_allennlp_allows(scheme: str) -> None:
    labels = labels_of(scheme)
    assert transitions(labels, scheme) == allowed_transitions(scheme, dict(enumerate(labels)))


def test_allows_in_bmes_what_allennlp_allows_without_an_outside() -> None:
    """AllenNLP's BMES is for words' segments, where nothing is outside."""
    labels = labels_of("BMES")[1:]
    ours = set(transitions(labels, "BMES"))
    assert ours == set(allowed_transitions("BMES", dict(enumerate(labels))))


@pytest.mark.parametrize("scheme", ["BIOES", "BMES"])
def test_allows_the_same_whatever_the_letters(scheme: str) -> None:
    assert transitions(labels_of(scheme), scheme) == transitions(labels_of("BIOUL"), "BIOUL")

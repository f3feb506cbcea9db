from typing import Any

import pytest
from allennlp.data import Instance
from allennlp.data.fields import MetadataField, TextField
from allennlp.data.tokenizers import Token

from elmo_tasks.tasks.base.schemes import Span
from elmo_tasks.tasks.base.sentences import located, metadata_of

SPANS = [Span("LOC", 1, 3), Span("PER", 0, 1)]


def instance(tokens: list[Token], **metadata: Any) -> Instance:
    return Instance({"tokens": TextField(tokens), "metadata": MetadataField(metadata)})


def test_places_in_a_raw_sentence() -> None:
    sentence = "İda  in the\tHague"
    tokens = [Token("İda", 0), Token("the", 8), Token("Hague", 12)]
    assert located(instance(tokens, sentence=sentence), SPANS) == [
        {"type": "LOC", "start": 1, "end": 3, "start_char": 8, "end_char": 17, "text": "the\tHague"},
        {"type": "PER", "start": 0, "end": 1, "start_char": 0, "end_char": 3, "text": "İda"},
    ]


def test_places_in_tokens_are_as_if_single_spaces_were_between_them() -> None:
    answers = located(instance([Token("😀Ada"), Token("the"), Token("Hague")]), SPANS)
    assert [(one["start_char"], one["end_char"], one["text"]) for one in answers] == [
        (5, 14, "the Hague"),
        (0, 4, "😀Ada"),
    ]


@pytest.mark.parametrize(
    ("fields", "metadata"),
    [
        ({}, None),
        ({"metadata": MetadataField("text")}, None),
        ({"metadata": MetadataField({"words": []})}, {"words": []}),
    ],
)
def test_metadata_need_not_be_there(fields: dict[str, Any], metadata: dict[str, Any] | None) -> None:
    assert metadata_of(Instance(fields)) == metadata

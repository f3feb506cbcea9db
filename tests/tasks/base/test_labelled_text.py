"""What the readers of labelled texts share; what their predictors share is tested with the classifier's."""

from typing import Any

import pytest
from allennlp.data.fields import TextField
from allennlp.data.tokenizers import Token, WhitespaceTokenizer

from elmo_tasks.tasks.base.labelled_text import LabelledTextReader, labelled


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("Ada's here.", ["Ada", "'s", "here", "."]), (["Ada's", "here."], ["Ada's", "here."])],
)
def test_raw_text_is_split_and_tokens_are_taken_as_they_are(text: Any, tokens: list[str]) -> None:
    instance = LabelledTextReader().text_to_instance(text, "a")
    fields: Any = instance.fields
    assert [token.text for token in fields["tokens"].tokens] == tokens
    assert fields["metadata"].metadata == {"tokens": tokens, "label": "a"}
    assert fields["label"].label == "a"


def test_by_another_tokenizer() -> None:
    reader = LabelledTextReader(tokenizer=WhitespaceTokenizer())
    assert [token.text for token in reader.split("Ada's here.")] == ["Ada's", "here."]


def test_without_a_label_there_is_none() -> None:
    metadata = {"tokens": ["a"]}
    instance = labelled({"tokens": TextField([Token("a")])}, metadata, None)
    assert set(instance.fields) == {"tokens", "metadata"}
    labelled({"tokens": TextField([Token("a")])}, metadata, "b")
    assert metadata == {"tokens": ["a"]}

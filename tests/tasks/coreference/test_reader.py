from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Token, Vocabulary

from elmo_tasks.tasks.base.labels import UNSEEN
from elmo_tasks.tasks.coreference import CorefReader

Config = Callable[..., Params]


def test_an_instance(config: Config, corpus: str) -> None:
    reader = DatasetReader.from_params(config()["dataset_reader"])
    one, two, three = (dict(instance.fields) for instance in reader.read(corpus))
    assert set(one) == {"sentences", "metadata", "genre"}
    words = [[str(token) for token in field.tokens] for field in one["sentences"].field_list]
    assert words == one["metadata"].metadata["sentences"]
    assert words[2] == ["The", "cat", "drank", "it", "."]
    assert one["metadata"].metadata["clusters"][0] == [(0, 1), (5, 6), (8, 9)]
    assert one["metadata"].metadata["name"] == "st/one 000"
    assert two["metadata"].metadata["speakers"][1] == ["Bo"] * 4
    assert [fields["genre"].label for fields in (one, two, three)] == ["st", "di", "st"]


def test_a_genre_that_is_not_known_is_no_genre_of_the_vocabulary(corpus: str) -> None:
    reader = CorefReader(genre_pattern="(d.)/")
    instances = list(reader.read(corpus))
    vocab = Vocabulary.from_instances(instances)
    assert list(vocab.get_token_to_index_vocabulary("genre_labels")) == ["di"]
    indices = []
    for instance in instances:
        instance.index_fields(vocab)
        indices.append(int(instance.as_tensor_dict()["genre"]))
    assert indices == [UNSEEN, 0, UNSEEN]


def test_without_a_pattern_there_is_no_genre(corpus: str) -> None:
    assert all("genre" not in instance.fields for instance in CorefReader().read(corpus))


@pytest.mark.parametrize("removed", [False, True])
def test_single_mentions_may_be_removed(tmp_path: Path, removed: bool) -> None:
    path = tmp_path / "a.gold_conll"
    path.write_text("".join(f"d 0 0 w NN * - - - - * {cell}\n" for cell in ("(1)", "(2)", "(1)")))
    (instance,) = CorefReader(remove_singletons=removed).read(path)
    field: Any = instance["metadata"]
    assert field.metadata["clusters"] == [[(0, 1), (2, 3)], *([] if removed else [[(1, 2)]])]


def test_text_without_clusters() -> None:
    instance = CorefReader().text_to_instance([[Token("Ada"), Token("slept")]])
    field: Any = instance["metadata"]
    assert field.metadata == {"name": None, "sentences": [["Ada", "slept"]], "speakers": None}


@pytest.mark.parametrize("pattern", ["(", "xx", "(a)(b)", 3])
def test_patterns_are_checked(pattern: Any) -> None:
    with pytest.raises(ConfigurationError, match="genre_pattern is"):
        CorefReader(genre_pattern=pattern)


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.gold_conll"
    path.write_text("d 0 0 w NN * - - - - * (1\n")
    with pytest.raises(ConfigurationError, match=r"a\.gold_conll, line 1: a mention of chain 1 begins and never ends"):
        list(CorefReader().read(path))

"""Against the stock indexer `elmo_characters`: the same tensors, from less."""

import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import Batch, Instance, Token, TokenIndexer, Vocabulary
from allennlp.data.data_loaders import MultiProcessDataLoader
from allennlp.data.fields import ListField, TextField
from allennlp.data.token_indexers import ELMoTokenCharactersIndexer
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor

from elmo_tasks.bilm import BiLM, BiLMFiles
from elmo_tasks.bilm.characters import word_row
from elmo_tasks.embedders import ElmoCharacterIndexer, ElmoTokenEmbedder
from elmo_tasks.tasks.ner.reader import Conll2003Reader

ODD_WORDS = [
    "Oslo",
    "👩‍🚀🏽",
    "zero\u200bwidth\u200d",
    "\ufeff",
    "שלום\u202e",
    "İıŞğ",
    "中文字符",
    "é" * 24,
    "é" * 25,
    "x" * 500,
    "<S>",
    "</S>",
    "\ud800",
    "\0",
    "",
]
SENTENCES = [ODD_WORDS, ["One"], [], ["The", "cat", "The", "cat"]]

sentences = st.lists(st.one_of(st.text(), st.sampled_from(ODD_WORDS), st.text(min_size=40)), max_size=6)


def field(words: Iterable[str], indexer: TokenIndexer) -> TextField:
    return TextField([Token(word) for word in words], {"elmo": indexer})


def ids(fields: Iterable[Any]) -> Tensor:
    """The batch's character ids, by way of AllenNLP's batching."""
    batch = Batch([Instance({"text": field}) for field in fields])
    batch.index_instances(Vocabulary())
    (tensors,) = batch.as_tensor_dict().values()
    assert set(tensors["elmo"]) == {"elmo_tokens"}
    return tensors["elmo"]["elmo_tokens"]


def assert_same(ours: Tensor, stock: Tensor) -> None:
    assert ours.dtype == stock.dtype == torch.long
    assert ours.shape == stock.shape
    assert torch.equal(ours, stock)


@pytest.fixture
def indexer() -> ElmoCharacterIndexer:
    return ElmoCharacterIndexer()


# The same ids


@given(st.lists(sentences, min_size=1, max_size=4).filter(any))
@example(SENTENCES)
def test_ids_are_those_of_the_stock_indexer(batch: list[list[str]]) -> None:
    ours, stock = ElmoCharacterIndexer(), ELMoTokenCharactersIndexer()
    assert_same(ids(field(words, ours) for words in batch), ids(field(words, stock) for words in batch))


@given(words=sentences.filter(bool))
def test_added_tokens_and_least_padding_are_those_of_the_stock_indexer(words: list[str]) -> None:
    parameters: dict[str, Any] = {
        "namespace": "any",
        "tokens_to_add": {"[SEP]": 1, "Oslo": 2, "</S>": 260, "": 3},
        "token_min_padding_length": 4,
    }
    ours, stock = ElmoCharacterIndexer(**parameters), ELMoTokenCharactersIndexer(**parameters)
    words = [*words, "[SEP]", "Oslo", "</S>"]
    assert_same(ids([field(words, ours)]), ids([field(words, stock)]))
    # A word that one indexer adds is a common one to another.
    assert_same(ids([field(words, ElmoCharacterIndexer())]), ids([field(words, ELMoTokenCharactersIndexer())]))


def test_a_batch_of_empty_sentences_keeps_its_shape(indexer: ElmoCharacterIndexer) -> None:
    # The stock indexer's tensor has the shape (2, 0), which no embedder can take.
    assert ids([field([], indexer), field([], indexer)]).shape == (2, 0, 50)


@pytest.mark.parametrize("length", [0, 1, 2, 3, 5])
def test_a_sentence_is_padded_or_cut_off(length: int, indexer: ElmoCharacterIndexer) -> None:
    stock = ELMoTokenCharactersIndexer()
    tokens = [Token("One"), Token("two"), Token("three")]
    ours = indexer.as_padded_tensor_dict(indexer.tokens_to_indices(tokens, Vocabulary()), {"elmo_tokens": length})[
        "elmo_tokens"
    ]
    expected = stock.as_padded_tensor_dict(stock.tokens_to_indices(tokens, Vocabulary()), {"elmo_tokens": length})[
        "elmo_tokens"
    ]
    assert_same(ours, expected.view(length, 50))


def test_nested_lists_of_sentences(indexer: ElmoCharacterIndexer) -> None:
    def nested(indexer: TokenIndexer) -> list[ListField]:
        documents = [[[["Ada", "left"], ["Oslo"]], [["."]]], [[["At", "last"]]], [[[], ["x", "y", "z"]]]]
        return [
            ListField([ListField([field(words, indexer) for words in part]) for part in document])
            for document in documents
        ]

    ours = ids(nested(indexer))
    assert_same(ours, ids(nested(ELMoTokenCharactersIndexer())))
    assert ours.shape == (3, 2, 2, 3, 50)


# Little memory, and safe


def test_a_word_is_kept_once(indexer: ElmoCharacterIndexer) -> None:
    first, second = (
        indexer.tokens_to_indices([Token("Rotterdam"), Token("rotterdam")], Vocabulary())["elmo_tokens"]
        for _ in range(2)
    )
    assert first[0] is second[0]
    assert first[0] != first[1]
    bound = word_row.cache_info().maxsize
    assert bound is not None
    assert bound * 500 < 100e6


def test_a_batch_may_be_changed_in_place(indexer: ElmoCharacterIndexer) -> None:
    expected = ids([field(["Ada"], indexer)])
    indexed = indexer.tokens_to_indices([Token("Ada")], Vocabulary())
    indexer.as_padded_tensor_dict(indexed, {"elmo_tokens": 2})["elmo_tokens"].zero_()
    assert torch.equal(ids([field(["Ada"], indexer)]), expected)


def test_indexed_fields_can_be_copied_compared_and_pickled(indexer: ElmoCharacterIndexer) -> None:
    text = field(["Ada", "left", "Ada"], indexer)
    text.index(Vocabulary())
    lengths = text.get_padding_lengths()
    expected = text.as_tensor(lengths)["elmo"]["elmo_tokens"]
    copies = [text.duplicate(), pickle.loads(pickle.dumps(text))]
    for copy in copies:
        assert torch.equal(copy.as_tensor(lengths)["elmo"]["elmo_tokens"], expected)
        assert copy._indexed_tokens == text._indexed_tokens
    assert pickle.loads(pickle.dumps(indexer)) == indexer
    assert ElmoCharacterIndexer(tokens_to_add={"x": 1}) != indexer


# In AllenNLP


@pytest.mark.parametrize("in_memory", [None, 4])
def test_loading_in_other_processes(in_memory: int | None, indexer: ElmoCharacterIndexer, tmp_path: Path) -> None:
    sentences = [["Ada", "left", "Oslo", "."], ["中文", "👩‍🚀"], ["x"], ["Ada", "came", "back", "."]] * 3
    file = tmp_path / "corpus.txt"
    file.write_text("\n\n".join("\n".join(f"{word} O" for word in words) for words in sentences), encoding="utf-8")
    loader = MultiProcessDataLoader(
        Conll2003Reader({"elmo": indexer}),
        str(file),
        batch_size=2,
        num_workers=2,
        max_instances_in_memory=in_memory,
        quiet=True,
    )
    loader.index_with(Vocabulary())
    found = [
        sentence[sentence.any(dim=1)].tolist()
        for batch in loader
        for sentence in batch["tokens"]["elmo"]["elmo_tokens"]
    ]
    stock = ELMoTokenCharactersIndexer()
    assert sorted(found) == sorted(ids([field(words, stock)])[0].tolist() for words in sentences)


def test_from_a_config_for_either_embedder(bilm_files: BiLMFiles) -> None:
    indexer = TokenIndexer.from_params(Params({"type": "elmo_character_ids", "tokens_to_add": {"[SEP]": 1}}))
    stock = TokenIndexer.from_params(Params({"type": "elmo_characters", "tokens_to_add": {"[SEP]": 1}}))
    embedder = ElmoTokenEmbedder(*(str(file) for file in bilm_files), dropout=0.0)
    texts = [["Ada", "[SEP]", "Oslo"], ["Oslo"]]
    ours = ids(field(words, indexer) for words in texts)
    assert_same(ours, ids(field(words, stock) for words in texts))
    assert embedder(ours).shape == (2, 3, BiLM.from_files(*bilm_files).output_dim)


@pytest.mark.parametrize("character", [-1, 261])
def test_an_added_id_that_is_none_is_an_error(character: int) -> None:
    with pytest.raises(ConfigurationError, match=rf'the id {character} for "\[SEP\]"; an id is in 0..260'):
        ElmoCharacterIndexer(tokens_to_add={"[SEP]": character})


def test_a_token_without_text_is_an_error(indexer: ElmoCharacterIndexer) -> None:
    with pytest.raises(ConfigurationError, match="A token has no text"):
        indexer.tokens_to_indices([Token(text_id=3)], Vocabulary())

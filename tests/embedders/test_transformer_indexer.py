import pickle
from pathlib import Path

import pytest
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.data import Batch, Instance, Token, Vocabulary
from allennlp.data.fields import ListField, TextField
from tiny_transformers import PLAIN

from elmo_tasks.embedders import ElmoTransformerIndexer
from elmo_tasks.transformer import read_transformer

STRANGE = ["😀", "\u200b", "\ufeff", "שלום", "İ", "我喜欢", "x" * 500, "[SEP]"]


def field(words: list[str], indexer: ElmoTransformerIndexer) -> TextField:
    return TextField([Token(word) for word in words], {"elmo": indexer})


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_a_batch_is_what_the_transformer_makes_of_its_sentences(kind: str, request: pytest.FixtureRequest) -> None:
    folder = str(request.getfixturevalue(kind))
    indexer, transformer = ElmoTransformerIndexer(folder), read_transformer(folder)
    sentences = [PLAIN, ["the", "cats"], STRANGE, ["a"]]
    batch = Batch([Instance({"text": field(words, indexer)}) for words in sentences])
    batch.index_instances(Vocabulary())
    (ids,) = batch.as_tensor_dict()["text"]["elmo"].values()
    assert torch.equal(ids, transformer.ids(sentences))


def test_documents_are_padded_in_all_dimensions(bert: Path) -> None:
    indexer, transformer = ElmoTransformerIndexer({"name": str(bert), "pooling": "first"}), read_transformer(bert)
    documents = [[PLAIN, ["the"]], [["unmatable"]]]
    batch = Batch([Instance({"text": ListField([field(words, indexer) for words in texts])}) for texts in documents])
    batch.index_instances(Vocabulary())
    (ids,) = batch.as_tensor_dict()["text"]["elmo"].values()
    expected = transformer.ids([PLAIN, ["the"], ["unmatable"], []])
    assert torch.equal(ids, expected.view(2, 2, *expected.shape[1:]))


def test_padding_and_pickling(bert: Path) -> None:
    indexer = pickle.loads(pickle.dumps(ElmoTransformerIndexer(str(bert), token_min_padding_length=4)))
    indexed = indexer.tokens_to_indices([Token("the"), Token("cats")], Vocabulary())
    lengths = indexer.get_padding_lengths(indexed)
    (ids,) = indexer.as_padded_tensor_dict(indexed, lengths).values()
    assert ids.shape == (4, 2)
    assert not ids[2:].any()
    assert indexer.get_empty_token_list() == {indexer.pieces.name: []}


def test_bad_tokens_and_parameters(bert: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="only a text_id"):
        ElmoTransformerIndexer(str(bert)).tokens_to_indices([Token(text_id=3)], Vocabulary())
    with pytest.raises(ConfigurationError, match="There is no folder"):
        ElmoTransformerIndexer(str(tmp_path / "none"))
    with pytest.raises(ConfigurationError, match='has the key "nme"; it has "name", pooling'):
        ElmoTransformerIndexer({"nme": str(bert)})
    with pytest.raises(ConfigurationError, match='"name" of "transformer" is None'):
        ElmoTransformerIndexer({"pooling": "first"})

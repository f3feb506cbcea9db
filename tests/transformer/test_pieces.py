from pathlib import Path

import numpy as np
import pytest
from tiny_transformers import PLAIN

from elmo_tasks.transformer.pieces import TransformerError, WordPieces, join_rows

STRANGE = [
    "😀👍🏽",
    "\u200b",
    "\ufeff",
    "שלום",
    "مرحبا",
    "İstanbul",
    "ığüş",
    "我喜欢",
    "e\u0301",
    "x" * 500,
    "\x00",
    " ",
    "a b",
]


def test_pieces_are_the_tokenizers(bert: Path, roberta: Path) -> None:
    from transformers import AutoTokenizer

    for folder, options in ((bert, {}), (roberta, {"add_prefix_space": True})):
        pieces = WordPieces(AutoTokenizer.from_pretrained(folder))
        words = [word for word in PLAIN + STRANGE if word != " "]
        tokenizer = AutoTokenizer.from_pretrained(folder, **options)
        expected = tokenizer(words, is_split_into_words=True)
        numbers = [[] for _ in words]  # type: list[list[int]]
        for piece, word in zip(expected["input_ids"], expected.word_ids(), strict=True):
            if word is not None:
                numbers[word].append(piece)
        found = [[piece - 1 for piece in row] for row in pieces.rows(words)]
        unknown = [tokenizer.unk_token_id]
        assert found == [pieces_of_word or unknown for pieces_of_word in numbers]
        assert [*pieces.before, *[1] * sum(map(len, numbers)), *pieces.after] == [
            piece if word is None else 1 for piece, word in zip(expected["input_ids"], expected.word_ids(), strict=True)
        ]


def test_no_word_is_without_pieces_and_none_is_a_special_one(bert: Path, roberta: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(bert)
    pieces = WordPieces(tokenizer)
    assert all(pieces.rows([*STRANGE, "\ud800"]))
    assert pieces.rows(["\u200b", "\ufeff", " "]) == [(tokenizer.unk_token_id + 1,)] * 3
    special = {number + 1 for number in (tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.mask_token_id)}
    assert not special & {number for row in pieces.rows(["[CLS]", "[SEP]", "[MASK]"]) for number in row}
    other = WordPieces(AutoTokenizer.from_pretrained(roberta))
    assert not {1, 3} & {number for row in other.rows(["<s>", "</s>"]) for number in row}


def test_a_word_without_pieces_needs_an_unknown_one(bert: Path) -> None:
    from transformers import AutoTokenizer

    pieces = WordPieces(AutoTokenizer.from_pretrained(bert, unk_token=None))
    if pieces.tokenizer.unk_token_id is None:
        with pytest.raises(TransformerError, match=r"'\\u200b'.*no unknown piece"):
            pieces.rows(["\u200b"])


def test_tokenizers_have_names_and_digests_of_their_own(bert: Path, roberta: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    one, other = (WordPieces(AutoTokenizer.from_pretrained(folder)) for folder in (bert, roberta))
    one.tokenizer.save_pretrained(tmp_path)
    (tmp_path / "config.json").write_bytes((bert / "config.json").read_bytes())
    same = WordPieces(AutoTokenizer.from_pretrained(tmp_path))
    cased = WordPieces(AutoTokenizer.from_pretrained(bert, do_lower_case=False))
    assert one.name == same.name == cased.name != other.name
    assert one.digest() == same.digest()
    assert len({one.digest(), cased.digest(), other.digest()}) == 3


def test_joined_rows() -> None:
    assert join_rows([(1, 2), (3,)]).tolist() == [[1, 2], [3, 0]]
    assert join_rows([(1, 2), (3,)], tokens=3, width=3).tolist() == [[1, 2, 0], [3, 0, 0], [0, 0, 0]]
    assert join_rows([(1, 2), (3,)], tokens=1, width=2).tolist() == [[1, 2]]
    assert join_rows([]).shape == (0, 1)
    assert join_rows([]).dtype == np.int64

"""A transformer's pieces of words."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_REMEMBERED_WORDS = 200_000


class TransformerError(ValueError):
    """A transformer, or its tokenizer, cannot be had or cannot be used."""


class WordPieces:
    """
    What a transformer reads of words: the pieces that its tokenizer makes of each, whatever the words beside it.

    All of a word is text: `[SEP]` in a text is no separator. A word of which the tokenizer leaves nothing, such as a
    zero-width space, is the unknown piece. With byte-level tokenizers (RoBERTa's, GPT-2's) each word has a space
    before it, the first one too.

    # Parameters

    tokenizer : `PreTrainedTokenizerBase`

    # Raises

    `TransformerError`
        If it cannot be seen which special pieces it puts around a text.
    """

    def __init__(self, tokenizer: "PreTrainedTokenizerBase") -> None:
        self.tokenizer = tokenizer
        self._space = " " if _is_byte_level(tokenizer) else ""
        self._rows: dict[str, tuple[int, ...]] = {}
        self.before, self.after = self._special_pieces()
        """The special pieces before a text and behind it, such as `[CLS]` and `[SEP]`."""
        self.padding = tokenizer.pad_token_id or 0
        # By the pieces and their numbers: a mark of other tokenizers' ids that no other version of the library changes.
        vocabulary = json.dumps(sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1]))
        self.name = f"elmo_pieces_{hashlib.sha256(vocabulary.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
        """What tensors of its ids are called; other tokenizers' have another name."""

    def rows(self, words: Sequence[str]) -> list[tuple[int, ...]]:
        """
        Each word's ids: the numbers of its pieces, plus 1.

        # Raises

        `TransformerError`
            If a word has no piece and the tokenizer has none for the unknown.
        """
        if len(self._rows) > _REMEMBERED_WORDS:
            # A new one, as other threads may still look into the old one.
            self._rows = {}
        rows = self._rows
        if new := [word for word in dict.fromkeys(words) if word not in rows]:
            rows.update(zip(new, self._new_rows(new), strict=True))
        return [rows[word] for word in words]

    def _new_rows(self, words: Sequence[str]) -> Iterable[tuple[int, ...]]:
        for word, pieces in zip(words, self._encode([self._space + _readable(word) for word in words]), strict=True):
            if not pieces:
                if self.tokenizer.unk_token_id is None:
                    raise TransformerError(
                        f"The tokenizer makes nothing of the word {word!r}, and has no unknown piece."
                    )
                pieces = [self.tokenizer.unk_token_id]
            yield tuple(piece + 1 for piece in pieces)

    def _encode(self, texts: Sequence[str], special: bool = False) -> list[list[int]]:
        return self.tokenizer(
            list(texts),
            add_special_tokens=special,
            split_special_tokens=True,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )["input_ids"]

    def _special_pieces(self) -> tuple[list[int], list[int]]:
        (text,), (whole,) = self._encode([f"{self._space}a"]), self._encode([f"{self._space}a"], special=True)
        for start in range(len(whole) - len(text) + 1):
            if text and whole[start : start + len(text)] == text:
                return whole[:start], whole[start + len(text) :]
        raise TransformerError(f"Which special pieces {type(self.tokenizer).__name__} puts around a text is not clear.")

    def digest(self) -> str:
        """SHA-256 of the tokenizer: its vocabulary and its rules."""
        backend = getattr(self.tokenizer, "backend_tokenizer", None)
        said = self.name if backend is None else backend.to_str()
        whole = json.dumps([said, type(self.tokenizer).__name__, self.before, self.after, self._space])
        return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()


def join_rows(rows: Sequence[tuple[int, ...]], tokens: int | None = None, width: int | None = None) -> np.ndarray:
    """
    # Parameters

    rows : `Sequence[tuple[int, ...]]`
        Each word's ids.
    tokens : `int`, optional
        To how many words they are cut off, or padded; as many as there are by default.
    width : `int`, optional
        Ids of a word; as many as the longest word has by default.

    # Returns

    `np.ndarray`
        Shape `(tokens, width)`, int64, zeros behind a word's ids.
    """
    tokens = len(rows) if tokens is None else tokens
    width = max(map(len, rows), default=1) if width is None else width
    ids = np.zeros((tokens, width), dtype=np.int64)
    for place, row in zip(ids, rows, strict=False):
        place[: len(row)] = row[:width]
    return ids


def _readable(word: str) -> str:
    """Without lone surrogates, which come from undecodable input, and which tokenizers do not take."""
    return word.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _is_byte_level(tokenizer: "PreTrainedTokenizerBase") -> bool:
    """Whether a word's pieces depend on a space before it."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return hasattr(tokenizer, "byte_encoder")
    return '"ByteLevel"' in json.dumps(json.loads(backend.to_str())["pre_tokenizer"])

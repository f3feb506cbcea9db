"""Text to tokens that say how to make text of them again."""

import re
from collections.abc import Iterable, Iterator

from allennlp.data.tokenizers import Token

JOINER = "￭"
"""Stands between tokens that have no white space between them, as a token of its own."""

_JOINED = re.compile(f" ?{JOINER} ?")


def with_joiners(tokens: Iterable[Token]) -> Iterator[str]:
    """The tokens' texts with joiners. Tokens that do not know where they stood had white space between them."""
    end = None
    for token in tokens:
        if end is not None and token.idx == end:
            yield JOINER
        yield str(token.text)
        end = token.idx_end


def without_joiners(tokens: Iterable[str]) -> str:
    """The text, with a space where there was white space."""
    return _JOINED.sub("", " ".join(tokens))

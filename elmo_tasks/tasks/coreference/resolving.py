"""A text in which each mention says what it means."""

import re
from collections.abc import Sequence

from spacy.lang.en.stop_words import STOP_WORDS

from elmo_tasks.tasks.coreference.metric import Clusters, Span

_POSSESSIVE = {"my", "your", "his", "its", "our", "their", "mine", "yours", "hers", "ours", "theirs"}
"""English pronouns that always say whose something is."""

_ENDING = re.compile(r"(?<=\S)\s*(?:['’]s|(?<=s)['’]|(?<=s )['’])$", re.IGNORECASE)  # noqa: RUF001
"""What makes a noun a possessive. Treebanks have it in the mention."""


def resolve(text: str, tokens: Sequence[Span], clusters: Clusters) -> str:
    """
    The text with each cluster's mentions as its first one. Of mentions within one another the outermost is replaced;
    within a first mention, which stays, others are. Of mentions that cross, the first is replaced. English possessives
    stay possessives, and others become none: "Ada saw her cat" with "Ada" and "her" becomes "Ada saw Ada's cat", and
    "Ada's cat saw her" with "Ada's" and "her" becomes "Ada's cat saw Ada".

    # Parameters

    text : `str`
    tokens : `Sequence[Span]`
        Each token's first character and the one behind its last.
    clusters : `Clusters`
        Of tokens, each from its first mention on.
    """
    firsts = {mention: sorted(cluster)[0] for cluster in clusters for mention in cluster}
    pieces, place, behind = [], 0, 0
    # The outermost first.
    for mention in sorted(firsts, key=lambda span: (span[0], -span[1])):
        first = firsts[mention]
        if first == mention or mention[0] < behind:
            continue
        start, end = _characters(mention, tokens)
        pieces += [text[place:start], _in_its_place(text, tokens, mention, first)]
        place, behind = end, mention[1]
    return "".join([*pieces, text[place:]])


def _in_its_place(text: str, tokens: Sequence[Span], mention: Span, first: Span) -> str:
    name, ending = _parts(text[slice(*_characters(first, tokens))])
    _, own = _parts(text[slice(*_characters(mention, tokens))])
    if not (own or _is_pronoun_of_possession(text, tokens, mention)):
        return name
    own = own or "'"
    return name + (ending or (own if own.endswith(("s", "S")) else own + "s"))


def _parts(mention: str) -> tuple[str, str]:
    """A mention without what makes it a possessive, and that."""
    ending = _ENDING.search(mention)
    return (mention, "") if ending is None else (mention[: ending.start()], ending[0])


def _is_pronoun_of_possession(text: str, tokens: Sequence[Span], mention: Span) -> bool:
    word = text[slice(*_characters(mention, tokens))].lower()
    if word != "her" or mention[1] == len(tokens):
        return word in _POSSESSIVE
    # "Her" is one before a word such as "cat", and none before "and" or a full stop.
    following = text[slice(*tokens[mention[1]])]
    return following.isalpha() and following.lower() not in STOP_WORDS


def _characters(span: Span, tokens: Sequence[Span]) -> Span:
    return tokens[span[0]][0], tokens[span[1] - 1][1]

"""A text in which each mention says what it means."""

from collections.abc import Sequence

from spacy.lang.en.stop_words import STOP_WORDS

from elmo_tasks.tasks.coreference.metric import Clusters, Span

_POSSESSIVE = {"my", "your", "his", "its", "our", "their"}
"""English pronouns that always stand before what somebody has."""


def resolve(text: str, tokens: Sequence[Span], clusters: Clusters) -> str:
    """
    The text with each cluster's mentions as its first one. Of mentions within one another the outermost is replaced;
    within a first mention, which stays, others are. Of mentions that cross, the first is replaced. An English
    possessive gets its 's: "Ada saw her cat" with "Ada" and "her" becomes "Ada saw Ada's cat".

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
    name = slice(*_characters(first, tokens))
    ends_so = text[name].endswith(("'s", "’s", "'", "’"))  # noqa: RUF001
    return text[name] + ("'s" if _is_possessive(text, tokens, mention) and not ends_so else "")


def _is_possessive(text: str, tokens: Sequence[Span], mention: Span) -> bool:
    word = text[slice(*_characters(mention, tokens))].lower()
    if word != "her" or mention[1] == len(tokens):
        return word in _POSSESSIVE
    # "Her" is one before a word such as "cat", and none before "and" or a full stop.
    following = text[slice(*tokens[mention[1]])]
    return following.isalpha() and following.lower() not in STOP_WORDS


def _characters(span: Span, tokens: Sequence[Span]) -> Span:
    return tokens[span[0]][0], tokens[span[1] - 1][1]

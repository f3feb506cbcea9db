"""A text in which each mention says what it means."""

import re
from collections.abc import Collection, Sequence

from spacy.lang.en.stop_words import STOP_WORDS

from elmo_tasks.tasks.coreference.metric import Clusters, Span

_POSSESSIVE = {
    *("my", "your", "his", "its", "our", "their", "thy", "whose"),
    *("mine", "yours", "hers", "ours", "theirs", "thine"),
}
"""English pronouns that always say whose something is."""

_PRONOUNS = {
    *_POSSESSIVE,
    *("i", "me", "you", "he", "him", "she", "her", "it", "one"),
    *("we", "us", "they", "them", "thou", "thee", "ye"),
    *("myself", "yourself", "himself", "herself", "itself", "oneself"),
    *("ourselves", "yourselves", "themselves", "thyself"),
    *("this", "that", "these", "those"),
    *("who", "whom", "which", "what"),
}
"""English words that name nothing where they stand alone. "Someone" and "nobody" do as a name."""

_ABBREVIATIONS = {"US", "IT", "WHO"}
"""What is no pronoun, though in small letters it is."""

_ENDING = re.compile(r"(?<=\S)\s*(?:['’]s|(?<=s)['’]|(?<=s )['’])$", re.IGNORECASE)  # noqa: RUF001
"""What makes a noun a possessive. Treebanks have it in the mention."""


def resolve(text: str, tokens: Sequence[Span], clusters: Clusters) -> str:
    """
    The text with each cluster's mentions as its name, which is the first mention that is not just an English pronoun.
    Where all are pronouns they stay as they are. Of mentions within one another the outermost is replaced; within a
    name, which stays, those of other clusters are. Of mentions that cross, the first is replaced. English possessives
    stay possessives, and others become none: "Ada saw her cat" with "Ada" and "her" becomes "Ada saw Ada's cat", and
    "Ada's cat saw her" with "Ada's" and "her" becomes "Ada's cat saw Ada".

    # Parameters

    text : `str`
    tokens : `Sequence[Span]`
        Each token's first character and the one behind its last.
    clusters : `Clusters`
        Of tokens.
    """
    names: dict[Span, Span | None] = {}
    for cluster in clusters:
        names |= dict.fromkeys(cluster, _name(text, tokens, cluster))
    pieces, place, behind = [], 0, 0
    # The outermost first.
    for mention in sorted(names, key=lambda span: (span[0], -span[1])):
        name = names[mention]
        if name is None or name[0] <= mention[0] < mention[1] <= name[1] or mention[0] < behind:
            continue
        start, end = _characters(mention, tokens)
        pieces += [text[place:start], _in_its_place(text, tokens, mention, name)]
        place, behind = end, mention[1]
    return "".join([*pieces, text[place:]])


def _name(text: str, tokens: Sequence[Span], cluster: Collection[Span]) -> Span | None:
    """The mention that says what a cluster is, if one does."""
    return next((mention for mention in sorted(cluster) if not _is_pronoun(text, tokens, mention)), None)


def _is_pronoun(text: str, tokens: Sequence[Span], mention: Span) -> bool:
    word = _written(text, tokens, mention)
    return word.lower() in _PRONOUNS and word not in _ABBREVIATIONS


def _in_its_place(text: str, tokens: Sequence[Span], mention: Span, name: Span) -> str:
    words, ending = _parts(_written(text, tokens, name))
    _, own = _parts(_written(text, tokens, mention))
    if not (own or _is_pronoun_of_possession(text, tokens, mention)):
        return words
    own = own or "'"
    return words + (ending or (own if own.endswith(("s", "S")) else own + "s"))


def _parts(mention: str) -> tuple[str, str]:
    """A mention without what makes it a possessive, and that."""
    ending = _ENDING.search(mention)
    return (mention, "") if ending is None else (mention[: ending.start()], ending[0])


def _is_pronoun_of_possession(text: str, tokens: Sequence[Span], mention: Span) -> bool:
    word = _written(text, tokens, mention).lower()
    if word != "her" or mention[1] == len(tokens):
        return word in _POSSESSIVE
    # "Her" is one before a word such as "cat", and none before "and" or a full stop.
    following = text[slice(*tokens[mention[1]])]
    return following.isalpha() and following.lower() not in STOP_WORDS


def _written(text: str, tokens: Sequence[Span], mention: Span) -> str:
    return text[slice(*_characters(mention, tokens))]


def _characters(span: Span, tokens: Sequence[Span]) -> Span:
    return tokens[span[0]][0], tokens[span[1] - 1][1]

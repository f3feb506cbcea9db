"""CoNLL-2012's columns, written: what official scorers take of a model's answers."""

from collections.abc import Sequence
from typing import Any

from allennlp.common.checks import ConfigurationError
from allennlp.common.util import JsonDict
from allennlp.predictors import Predictor
from overrides import overrides

from elmo_tasks.checks import check_flag
from elmo_tasks.tasks.base.conll2012 import Frame, Mention
from elmo_tasks.tasks.base.schemes import OUTSIDE, tags_to_spans


def rows(
    words: Sequence[str],
    frames: Sequence[Frame] = (),
    mentions: Sequence[Mention] = (),
    name: str = "-",
    part: str = "0",
) -> str:
    """
    A sentence, a token a line, with a blank line behind it; what is not known is `-`. White space in a word is `_`.

    # Parameters

    words : `Sequence[str]`
    frames : `Sequence[Frame]`
        Each has a column with its arguments, in this order. The predicate is V there, within an argument where the tags
        have it in one, and marked in the columns of lemmas and rolesets.
    mentions : `Sequence[Mention]`
        Counted in the sentence's tokens.
    name, part : `str`
        The document's, without white space.
    """
    predicates = {frame.predicate for frame in frames}
    columns = [_arguments(frame) for frame in frames]
    written = ["_".join(word.split()) or "_" for word in words]
    lines = []
    for number, word in enumerate(written):
        lemma = word if number in predicates else "-"
        cells = [name, part, str(number), word, "-", "-", lemma, "01" if number in predicates else "-", "-", "-", "*"]
        lines.append(" ".join([*cells, *(column[number] for column in columns), _chains(number, mentions)]))
    return "".join(f"{line}\n" for line in [*lines, ""])


def _arguments(frame: Frame) -> list[str]:
    """A column of brackets, in which V is where the predicate is and nowhere else."""
    tags = list(frame.tags)
    behind = frame.predicate + 1
    while tags[frame.predicate][2:] == "V" and tags[behind : behind + 1] == ["I-V"]:
        behind += 1
    for number, tag in enumerate(tags):
        if tag[2:] == "V" and not frame.predicate <= number < behind:
            tags[number] = OUTSIDE
    if tags[frame.predicate] in (OUTSIDE, "I-V"):
        tags[frame.predicate] = "B-V"
    cells = ["*"] * len(tags)
    for role, start, end in tags_to_spans(tags):
        cells[start] = f"({role}{cells[start]}"
        cells[end - 1] += ")"
    if tags[frame.predicate] != "B-V":
        # It must not split an argument, which is scored as a whole.
        cells[frame.predicate] = cells[frame.predicate].replace("*", "(V*)")
    return cells


def _chains(token: int, mentions: Sequence[Mention]) -> str:
    """The last column's cell; of mentions that begin together the longer one is opened first."""
    parts = []
    for chain, start, end in sorted(mentions, key=lambda mention: (mention.start, -mention.end)):
        if start <= token < end and token in (start, end - 1):
            parts.append(("(" if token == start else "") + chain + (")" if token == end - 1 else ""))
    return "|".join(parts) or "-"


class WritesColumns(Predictor):
    """
    A predictor of which `"columns": true` has `elmo-tasks predict` write CoNLL-2012's columns in place of JSON.

    # Parameters

    columns : `bool`, optional (default = `False`)

    # Raises

    `ConfigurationError`
        If it is neither true nor false.
    """

    def __init__(self, *args: Any, columns: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        check_flag(ConfigurationError, columns=columns)
        self._in_columns = columns

    def columns_of(self, answer: JsonDict) -> str:
        """An answer in columns. Subclasses have this method."""
        raise NotImplementedError

    @overrides(check_signature=False)
    def dump_line(self, outputs: JsonDict) -> str:
        if not self._in_columns:
            return super().dump_line(outputs)
        if "error" in outputs:
            # A line that was skipped.
            return f"# line {outputs['line']}: {outputs['error']}\n"
        return self.columns_of(outputs)

"""What the official srl-eval.pl computes (Carreras and Màrquez 2005)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from allennlp.training.metrics import Metric
from overrides import overrides
from torch import Tensor

from elmo_tasks.tasks.base.metric import over_all_workers, ratio, scores
from elmo_tasks.tasks.base.schemes import tags_to_spans

PREDICATE = "V"


class Argument(NamedTuple):
    """An argument: its role, and its pieces, the first token of each and the one behind the last."""

    role: str
    pieces: tuple[tuple[int, int], ...]


def arguments(tags: Sequence[str]) -> list[Argument]:
    """
    A proposition's arguments, in the order of their beginnings, as srl-eval.pl puts them together.

    A span `C-X` continues the last argument X before it; without one it is an argument X itself. A span `R-X` is an
    argument like others. The predicate, V, is among them.

    # Parameters

    tags : `Sequence[str]`
        In BIO, one a token.
    """
    found: list[Argument] = []
    # Where the last argument of each role stands among them.
    last: dict[str, int] = {}
    for role, start, end in tags_to_spans(tags):
        continued = role.removeprefix("C-")
        if continued != role and continued in last:
            argument = found[last[continued]]
            found[last[continued]] = argument._replace(pieces=(*argument.pieces, (start, end)))
        else:
            last[continued] = len(found)
            found.append(Argument(continued, ((start, end),)))
    return found


@Metric.register("elmo_srl_eval")
class SrlEval(Metric):
    """
    Precision, recall and F1 of arguments, in all and by role, and how many propositions are perfect, as the official
    srl-eval.pl computes them over a corpus: an argument is right if its role and all its pieces are. Predicates do not
    count; C-X and R-X count as `arguments` says.

    The names are those of AllenNLP's `SpanBasedF1Measure` (`f1-measure-overall`, `f1-measure-ARG0`). That metric takes
    all spans in whose names X occurs, ARG1, C-ARG1 and R-ARG1, for one. This one takes tags as strings, so that a role
    that training never saw still counts as missed, and adds up over the workers of distributed training.

    Registered as a `Metric` with name "elmo_srl_eval".
    """

    def __init__(self) -> None:
        # How many of each ("gold", "ARG0"), ("predicted", "ARG0"), ("correct", "ARG0"); and of propositions as
        # ("gold", None), the perfect ones as ("correct", None).
        self._counts: Counter[tuple[str, str | None]] = Counter()

    @overrides(check_signature=False)
    def __call__(self, predicted: Iterable[Sequence[str]], gold: Iterable[Sequence[str]]) -> None:
        """
        # Parameters

        predicted, gold : `Iterable[Sequence[str]]`
            The tags of the same propositions, in BIO.
        """
        counts: Counter[tuple[str, str | None]] = Counter()
        for predicted_tags, gold_tags in zip(predicted, gold, strict=True):
            predicted_ones, gold_ones = _counted(predicted_tags), _counted(gold_tags)
            counts.update(("predicted", argument.role) for argument in predicted_ones)
            counts.update(("gold", argument.role) for argument in gold_ones)
            counts.update(("correct", argument.role) for argument in predicted_ones & gold_ones)
            counts["gold", None] += 1
            counts["correct", None] += predicted_ones == gold_ones
        self._counts += over_all_workers(counts)

    @overrides
    def get_metric(self, reset: bool = False) -> dict[str, float]:
        """Figures from 0 to 1, by name; those of single roles with `reset` only."""
        counts = self._counts
        roles = sorted({role for _, role in counts if role is not None})
        metrics = scores("overall", *(sum(counts[what, role] for role in roles) for what in _WHAT))
        metrics["perfect"] = ratio(counts["correct", None], counts["gold", None])
        if reset:
            for role in roles:
                metrics.update(scores(role, *(counts[what, role] for what in _WHAT)))
            self.reset()
        return metrics

    @overrides
    def reset(self) -> None:
        self._counts = Counter()


class PredicateScores(Metric):
    """Precision, recall and F1 of the predicates that are found; adds up over the workers of distributed training."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    @overrides(check_signature=False)
    def __call__(self, predicted: Tensor, gold: Tensor) -> None:
        """
        # Parameters

        predicted, gold : `Tensor`
            True where a predicate is. Both of shape `(batch, tokens)`.
        """
        counts = {"correct": predicted & gold, "predicted": predicted, "gold": gold}
        self._counts += over_all_workers(Counter({what: int(marks.sum()) for what, marks in counts.items()}))

    @overrides
    def get_metric(self, reset: bool = False) -> dict[str, float]:
        """Figures from 0 to 1, such as `f1-measure-predicates`."""
        metrics = scores("predicates", *(self._counts[what] for what in _WHAT))
        if reset:
            self.reset()
        return metrics

    @overrides
    def reset(self) -> None:
        self._counts = Counter()


_WHAT = ("correct", "predicted", "gold")


def _counted(tags: Sequence[str]) -> set[Argument]:
    """Those that count. No two of them begin at one token, so that they are a set."""
    return {argument for argument in arguments(tags) if argument.role != PREDICATE}

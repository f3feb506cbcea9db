"""What SQuAD 1.1's official script computes (Rajpurkar et al. 2016, section 6.1)."""

import re
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from allennlp.training.metrics import Metric
from overrides import overrides

from elmo_tasks.tasks.base.metric import gathered

_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")


def normalize(answer: str) -> str:
    """Lower case; without ASCII punctuation; without the articles a, an, the; single spaces between words."""
    return " ".join(_ARTICLE.sub(" ", answer.lower().translate(_NO_PUNCTUATION)).split())


def exact_match(predicted: str, gold: Sequence[str]) -> float:
    """1 if the answer is one of the gold answers, all of them normalized; otherwise 0."""
    return float(normalize(predicted) in map(normalize, gold))


def f1(predicted: str, gold: Sequence[str]) -> float:
    """
    How well the words of the normalized answer agree with those of the gold answer that fits best: the harmonic mean
    of precision and recall, with words counted as often as they occur, in any order.
    """
    return max(_one_f1(normalize(predicted).split(), normalize(one).split()) for one in gold)


def _one_f1(predicted: list[str], gold: list[str]) -> float:
    common = (Counter(predicted) & Counter(gold)).total()
    return 2 * common / (len(predicted) + len(gold)) if common else 0.0


class _Record(NamedTuple):
    """A question's best answer so far."""

    score: float
    exact_match: float
    f1: float


@Metric.register("elmo_squad")
class SquadScores(Metric):
    """
    Exact match and F1 over all questions, from 0 to 1, as the official script computes them in per cent.

    A question that is asked several times, once for each window of a long passage, counts once, with the answer that
    has the best score. Adds up over the workers of distributed training.

    Registered as a `Metric` with name "elmo_squad".
    """

    supports_distributed = True

    def __init__(self) -> None:
        self.reset()

    @overrides(check_signature=False)
    def __call__(
        self,
        question_ids: Iterable[str | None],
        predicted: Iterable[str],
        gold: Iterable[Sequence[str]],
        scores: Iterable[float],
    ) -> None:
        """
        # Parameters

        question_ids : `Iterable[str | None]`
            A question without an id is a question of its own.
        predicted : `Iterable[str]`
            An answer a question.
        gold : `Iterable[Sequence[str]]`
            The gold answers, one at least a question.
        scores : `Iterable[float]`
            The larger, the surer of its answer is the model.
        """
        records = [
            (question_id, _Record(score, exact_match(answer, right), f1(answer, right)))
            for question_id, answer, right, score in zip(question_ids, predicted, gold, scores, strict=True)
        ]
        for share in gathered(records):
            for question_id, record in share:
                self._add(question_id, record)

    def _add(self, question_id: str | None, record: _Record) -> None:
        before = self._records.get(question_id) if question_id is not None else None
        if before is not None and before.score >= record.score:
            return
        if question_id is not None:
            self._records[question_id] = record
        self._count += before is None
        self._exact_match += record.exact_match - (before.exact_match if before else 0)
        self._f1 += record.f1 - (before.f1 if before else 0)

    @overrides
    def get_metric(self, reset: bool = False) -> dict[str, float]:
        """`em` and `f1`; 0 before the first question."""
        count = max(self._count, 1)
        metrics = {"em": self._exact_match / count, "f1": self._f1 / count}
        if reset:
            self.reset()
        return metrics

    @overrides
    def reset(self) -> None:
        self._records: dict[str, _Record] = {}
        self._count = 0
        self._exact_match = self._f1 = 0.0

import json
import random
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elmo_tasks.tasks.coreference.metric import Clusters, CorefScores, Span, Sums, b_cubed, ceaf_e, muc

CASES = json.loads((Path(__file__).parent / "official_scores.json").read_text(encoding="utf-8"))
"""
Random clusters of mentions, with single ones in every second case, and what version 8.01 of the official scorer prints
of them: recall's numerator and denominator, and precision's.
"""
MEASURES = {"muc": muc, "b3": b_cubed, "ceafe": ceaf_e}


def clusters(*texts: str) -> Clusters:
    """Of letters, each of which is a mention."""
    return [[(ord(letter), ord(letter) + 1) for letter in text] for text in texts]


@pytest.mark.parametrize("name", list(MEASURES))
def test_as_the_official_scorer(name: str) -> None:
    assert len(CASES) == 60
    for case in CASES:
        of_documents = [
            MEASURES[name](as_spans(document["predicted"]), as_spans(document["gold"]))
            for document in case["documents"]
        ]
        assert [sum(sums) for sums in zip(*of_documents, strict=True)] == pytest.approx(case[name]), case


def as_spans(written: list[list[list[int]]]) -> list[list[Span]]:
    return [[(start, end) for start, end in cluster] for cluster in written]


def test_links_by_hand() -> None:
    # abc falls apart into ab and c, with d in the other: 1 link of 2, and of 2 + 1.
    assert muc(clusters("abx", "cd"), clusters("abc", "d")) == Sums(1, 2, 1, 3)


def test_mentions_by_hand() -> None:
    sums = b_cubed(clusters("ab", "cd", "x"), clusters("abc", "d"))
    # Of a, b and c 2/3, 2/3 and 1/3 of their gold cluster are beside them, of d 1; of their predicted clusters 1, 1,
    # 1/2 and 1/2; x is no mention.
    assert sums == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1, 4, 1 + 1 + 1 / 2 + 1 / 2, 5))


def test_clusters_by_hand() -> None:
    # abc with ab, and d with cd: 4/5 + 2/3; x is matched with nothing.
    assert ceaf_e(clusters("ab", "cd", "x"), clusters("abc", "d")) == pytest.approx(
        (4 / 5 + 2 / 3, 2, 4 / 5 + 2 / 3, 3)
    )


def test_single_mentions_count_but_for_links() -> None:
    gold, predicted = clusters("ab", "c", "d"), clusters("ab", "c", "e")
    assert muc(predicted, gold) == Sums(1, 1, 1, 1)
    assert b_cubed(predicted, gold) == Sums(3, 4, 3, 4)
    assert ceaf_e(predicted, gold) == Sums(2, 3, 2, 3)


@pytest.mark.parametrize("measure", MEASURES.values())
@pytest.mark.parametrize("some", [clusters("ab", "cde"), clusters("a"), []])
def test_without_any_clusters_on_a_side(measure: object, some: Clusters) -> None:
    assert callable(measure)
    recalled, gold, precise, predicted = measure([], some)
    assert (recalled, precise, predicted) == (0, 0, 0)
    assert measure(some, []) == Sums(0, 0, 0, gold)


def muc_by_its_definition(one: Clusters, other: Clusters) -> float:
    """Recall's numerator in Vilain et al. 1995: a cluster's size less the parts that the other side cuts it into."""
    place = {mention: number for number, cluster in enumerate(other) for mention in cluster}
    return sum(len(cluster) - len({place.get(mention, mention) for mention in cluster}) for cluster in one)


def b_cubed_by_its_definition(one: Clusters, other: Clusters) -> float:
    total = 0.0
    for cluster in one:
        for mention in cluster:
            mates = next((set(mates) for mates in other if mention in mates), set())
            total += len(mates & set(cluster)) / len(cluster)
    return total


def ceaf_e_by_trying(one: Clusters, other: Clusters) -> float:
    short, long = sorted((one, other), key=len)
    similarity = [[2 * len(set(a) & set(b)) / (len(a) + len(b)) for b in long] for a in short]
    orders = permutations(range(len(long)), len(short))
    return max(sum(similarity[row][column] for row, column in enumerate(order)) for order in orders)


def random_clusters(chance: random.Random) -> Clusters:
    found: dict[int, list[Span]] = {}
    for mention in chance.sample(range(9), chance.randint(0, 8)):
        found.setdefault(chance.randrange(5), []).append((mention, mention + 1))
    return list(found.values())


def test_thousands_of_random_clusters_by_the_definitions() -> None:
    chance = random.Random(5)
    for _ in range(3000):
        predicted, gold = random_clusters(chance), random_clusters(chance)
        sizes = [sum(map(len, side)) for side in (gold, predicted)]
        links = [size - len(side) for size, side in zip(sizes, (gold, predicted), strict=True)]
        right = muc_by_its_definition(gold, predicted)
        assert right == muc_by_its_definition(predicted, gold)
        assert muc(predicted, gold) == (right, links[0], right, links[1])
        mentions = [b_cubed_by_its_definition(gold, predicted), b_cubed_by_its_definition(predicted, gold)]
        assert b_cubed(predicted, gold) == pytest.approx((mentions[0], sizes[0], mentions[1], sizes[1]))
        matched = ceaf_e_by_trying(gold, predicted)
        assert ceaf_e(predicted, gold) == pytest.approx((matched, len(gold), matched, len(predicted)))


def test_the_score_is_the_mean_and_the_figures_of_each_come_at_the_end() -> None:
    scores = CorefScores()
    predicted, gold = clusters("abx", "cd"), clusters("abc", "d")
    scores([predicted], [gold], [clusters("abx")[0]])
    running = scores.get_metric()
    metrics = scores.get_metric(reset=True)
    assert set(running) == {"conll-f1", "mention-recall"}
    assert metrics["muc-recall"] == 1 / 2
    assert metrics["muc-precision"] == 1 / 3
    assert metrics["muc-f1"] == pytest.approx(0.4)
    assert metrics["mention-recall"] == 2 / 4
    assert metrics["conll-f1"] == pytest.approx(sum(metrics[f"{name}-f1"] for name in MEASURES) / 3)
    assert running.items() <= metrics.items()
    assert set(scores.get_metric(reset=True).values()) == {0.0}


letters = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8)


@settings(max_examples=100)
@given(letters, st.integers(1, 4))
def test_the_right_clusters_are_right_in_any_order(text: list[str], size: int) -> None:
    gold = clusters(*("".join(text[start : start + size]) for start in range(0, len(text), size)))
    scores = CorefScores()
    scores([[cluster[::-1] for cluster in gold[::-1]]], [gold], [{mention for cluster in gold for mention in cluster}])
    metrics = scores.get_metric(reset=True)
    assert metrics["b3-f1"] == metrics["ceafe-f1"] == metrics["mention-recall"] == bool(text)
    assert metrics["muc-f1"] == any(len(cluster) > 1 for cluster in gold)


def test_sums_are_over_documents_and_workers(beside: Callable[..., None]) -> None:
    documents = [(document["predicted"], document["gold"]) for case in CASES[:10] for document in case["documents"]]
    documents = [(as_spans(predicted), as_spans(gold)) for predicted, gold in documents]
    spans = [[mention for cluster in predicted for mention in cluster] for predicted, _ in documents]
    whole, mine = CorefScores(), CorefScores()
    for (predicted, gold), candidates in zip(documents, spans, strict=True):
        whole([predicted], [gold], [candidates])
    others: list[object] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("elmo_tasks.tasks.coreference.metric.gathered", lambda share: others.append(share) or [])
        CorefScores()([p for p, _ in documents[4:]], [g for _, g in documents[4:]], spans[4:])
    beside(*others)
    mine([p for p, _ in documents[:4]], [g for _, g in documents[:4]], spans[:4])
    assert mine.get_metric(reset=True) == pytest.approx(whole.get_metric(reset=True))

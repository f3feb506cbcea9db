import json

import pytest
import torch

from elmo_tasks.pretraining.pairs import Tallies, read_pairs
from elmo_tasks.pretraining.scores import Line, Score, ScoreError

GOOD_LINE = json.dumps({"sentence_good": "Cats sleep .", "sentence_bad": "Cats sleeps .", "UID": "agreement", "n": 3})


def pairs(*texts: str):
    lines = [Line("data/pairs.jsonl", number, text) for number, text in enumerate(texts, 1)]
    return list(read_pairs(lines, lambda text: tuple(text.split())))


def test_pairs_and_their_groups():
    first, second = pairs(GOOD_LINE, "  ", '{"sentence_good": "", "sentence_bad": "東京 \\ud800"}')
    assert first.sentences == (("Cats", "sleep", "."), ("Cats", "sleeps", "."))
    assert second.sentences == ((), ("東京", "\ud800"))
    assert [pair.line.number for pair in (first, second)] == [1, 3]
    assert [first.group(name) for name in ("UID", "n", "linguistics_term")] == ["agreement", "3", "pairs.jsonl"]
    assert second.group("UID") == "pairs.jsonl"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "this is not JSON: .* column 2"),
        ("[1]", "this is no JSON object but a list"),
        ('{"sentence_good": "a"}', 'there must be a text "sentence_bad"'),
        ('{"sentence_good": 1, "sentence_bad": "a"}', 'there must be a text "sentence_good"'),
    ],
)
def test_a_bad_line_is_named(line, message):
    with pytest.raises(ScoreError, match=rf"^data/pairs\.jsonl, line 2: {message}\.$"):
        pairs(GOOD_LINE, line)


def score(forward: list[float], backward: list[float], unknown: int = 0) -> Score:
    tokens = ["a"] * (len(forward) - 1)
    sides = (torch.tensor(values, dtype=torch.double) for values in (forward, backward))
    return Score(tokens, [place < unknown for place in range(len(tokens))], *sides)


def test_the_likelier_ones_are_counted():
    """Sums -3 and -4 against -2 and -6; then equal ones; then one that wins by its sum and not by its mean."""
    (first,) = pairs(GOOD_LINE)
    (second,) = pairs(GOOD_LINE.replace("agreement", "other"))
    scored = [
        (first, score([-1, -2], [-2, -2], unknown=1), score([-1, -1], [-3, -3])),
        (first, score([-1, -2], [-2, -2]), score([-2, -1], [-2, -2])),
        (second, score([-3], [-3]), score([-2, -2], [-2, -2], unknown=1)),
    ]
    by_sum, by_mean = Tallies(["UID", "absent"]), Tallies(["UID"], mean=True)
    for tallies in (by_sum, by_mean):
        for one in scored:
            tallies.add(*one)
    agreement = by_sum.groups["UID"]["agreement"]
    assert (agreement.pairs, agreement.tokens, agreement.unknown) == (2, 4, 1)
    assert agreement.won == {"forward": 0, "backward": 1, "together": 1}
    assert agreement.ties == {"forward": 1, "backward": 1, "together": 1}
    assert by_sum.groups["UID"]["other"].won == {"forward": 1, "backward": 1, "together": 1}
    assert by_mean.groups["UID"]["other"].won == {"forward": 0, "backward": 0, "together": 0}
    assert by_sum.all.won == {"forward": 1, "backward": 2, "together": 2}
    assert by_sum.all.pairs == 3
    assert by_sum.groups["absent"] == {"pairs.jsonl": by_sum.all}

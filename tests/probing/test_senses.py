from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from elmo_tasks.bilm import BiLM
from elmo_tasks.probing.sense_averages import average_senses, instance_vectors
from elmo_tasks.probing.sense_corpus import SenseCorpus, SensesError, read_sentences
from elmo_tasks.probing.senses import Score, first_sense_answers, joined, nearest_answers, score
from elmo_tasks.probing.wordnet import first_senses

from .conftest import DEV, DEV_KEYS, write_text

FIRST = {
    "d0.s0.t0": "bank%1:17:01::",
    "d0.s0.t1": "close%5:00:00:near:00",
    "d0.s0.t2": "river%1:17:00::",
    "d0.s0.t3": "bank%2:40:00::",
    "d0.s0.t4": None,
}


def test_first_senses_and_their_score(dev: SenseCorpus, index: Path) -> None:
    answers = first_sense_answers(first_senses(index), dev.data)
    assert answers == FIRST
    # One of two senses is enough; what WordNet has not is not answered.
    assert score(answers, dev) == Score(right=4, answered=4, total=5)


def test_each_layer_takes_the_nearest_and_else_the_first(
    make_bilm: Callable[..., BiLM], train: SenseCorpus, dev: SenseCorpus, index: Path, tmp_path: Path
) -> None:
    bilm = make_bilm()
    averages = average_senses(bilm, train, tmp_path / "a.hdf5")
    told: list[int] = []
    answers = nearest_answers(bilm, averages, first_senses(index), dev.data, told.append)
    assert sum(told) == 5
    vectors = {instance.id: vectors for instance, vectors in instance_vectors(bilm, read_sentences(dev.data))}
    for layer in range(3):
        cosines = [
            np.dot(averages.sums[row, layer], vectors["d0.s0.t0"][layer]) / np.linalg.norm(averages.sums[row, layer])
            for row in (0, 1)
        ]
        bank = ("bank%1:14:00::", "bank%1:17:01::")[int(np.argmax(cosines))]
        # The only sense of the adjective in the corpus; the others are not in it with this part of speech.
        assert answers[f"layer_{layer}"] == FIRST | {"d0.s0.t0": bank}
    # Without contexts both senses are of the same two words, and equally frequent: then it is the first.
    assert answers["layer_0"]["d0.s0.t0"] == "bank%1:14:00::"
    assert list(answers) == ["layer_0", "layer_1", "layer_2"]


def test_scores_by_hand() -> None:
    one, other = Score(right=3, answered=4, total=5), Score(right=1, answered=1, total=2)
    assert (one.precision, one.recall) == (3 / 4, 3 / 5)
    assert one.f1 == pytest.approx(2 * (3 / 4) * (3 / 5) / (3 / 4 + 3 / 5))
    assert Score(3, 5, 5).f1 == Score(3, 5, 5).precision == Score(3, 5, 5).recall == 3 / 5
    assert joined([one, other]) == Score(4, 5, 7)
    assert [Score(0, 0, 4).precision, Score(0, 0, 4).f1, Score(0, 0, 0).f1] == [0.0] * 3


def test_an_instance_without_a_gold_sense(tmp_path: Path, index: Path) -> None:
    dev = write_text(tmp_path, "dev", DEV, DEV_KEYS.replace("d0.s0.t2", "d0.s0.t7"))
    with pytest.raises(SensesError, match=r'dev\.gold\.key\.txt has no senses of the instance "d0\.s0\.t2"'):
        score(first_sense_answers(first_senses(index), dev.data), dev)

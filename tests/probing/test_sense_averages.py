from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from elmo_tasks.bilm import BiLM
from elmo_tasks.probing import sense_averages as module
from elmo_tasks.probing.sense_averages import SenseAverages, average_senses, read_averages
from elmo_tasks.probing.sense_corpus import SenseCorpus, SensesError

from .conftest import TRAIN, TRAIN_KEYS, write_text

SENSES = [
    "bank%1:14:00::",
    "bank%1:17:01::",
    "close%2:35:00::",
    "close%5:00:00:near:00",
    "savings_bank%1:14:00::",
    "sit%2:35:00::",
]


def layers_of(bilm: BiLM, sentence: str) -> np.ndarray:
    """Each sentence by itself. Shape `(layers, tokens, dim)`."""
    with torch.no_grad():
        return bilm(bilm.ids([sentence.split()])).layers[0].numpy()


def test_sums_by_hand(make_bilm: Callable[..., BiLM], train: SenseCorpus, tmp_path: Path) -> None:
    bilm = make_bilm()
    told: list[int] = []
    averages = average_senses(bilm, train, tmp_path / "a.hdf5", progress=told.append)
    first = layers_of(bilm, "She sat by the bank")
    second = layers_of(bilm, "The savings bank closed & Banks close")
    third = layers_of(bilm, "bank .")
    expected = [
        second[:, 5] + third[:, 0],
        first[:, 4] + second[:, 5],
        second[:, 3],
        second[:, 6],
        # Of several words their mean.
        (second[:, 1] + second[:, 2]) / 2,
        first[:, 1],
    ]
    assert averages.senses == SENSES
    assert averages.counts.tolist() == [2, 2, 1, 1, 1, 1]
    np.testing.assert_allclose(averages.sums, np.stack(expected), atol=1e-6)
    assert sum(told) == 7


def test_the_same_call_reads_the_file_and_runs_nothing(
    make_bilm: Callable[..., BiLM], train: SenseCorpus, tmp_path: Path, bilm_runs: list[int]
) -> None:
    bilm, path = make_bilm(), tmp_path / "a.hdf5"
    averages = average_senses(bilm, train, path)
    runs, content = list(bilm_runs), path.read_bytes()
    told: list[int] = []
    again = average_senses(bilm, train, path, progress=told.append)
    assert bilm_runs == runs
    assert told == [7]
    assert path.read_bytes() == content
    assert again.senses == averages.senses
    np.testing.assert_array_equal(again.sums, averages.sums)


@pytest.mark.parametrize("window", [1, 2])
def test_a_run_that_was_killed_goes_on(
    window: int,
    make_bilm: Callable[..., BiLM],
    train: SenseCorpus,
    tmp_path: Path,
    bilm_runs: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_WINDOW_TOKENS", 1)
    monkeypatch.setattr(module, "_SAVE_SECONDS", -1.0)
    bilm = make_bilm()
    whole = average_senses(bilm, train, tmp_path / "whole.hdf5")
    del bilm_runs[:]

    def killed(instances: int) -> None:
        if len(bilm_runs) > window:
            raise KeyboardInterrupt

    path = tmp_path / "a.hdf5"
    with pytest.raises(KeyboardInterrupt):
        average_senses(bilm, train, path, progress=killed)
    contents, _ = read_averages(path)
    assert (contents.sentences, contents.is_whole) == (window, False)
    told: list[int] = []
    resumed = average_senses(bilm, train, path, progress=told.append)
    assert sum(told) == 7
    # The sentence in which it was killed twice, and no other.
    assert len(bilm_runs) == 4
    np.testing.assert_array_equal(resumed.sums, whole.sums)
    np.testing.assert_array_equal(resumed.counts, whole.counts)
    assert path.read_bytes() == (tmp_path / "whole.hdf5").read_bytes()


def test_a_file_of_something_else_stays(make_bilm: Callable[..., BiLM], train: SenseCorpus, tmp_path: Path) -> None:
    path = tmp_path / "a.hdf5"
    average_senses(make_bilm(), train, path)
    content = path.read_bytes()
    other = make_bilm()
    with pytest.raises(SensesError, match=r"a\.hdf5 is there already, and is not what this run would write"):
        average_senses(other, train, path)
    (changed := tmp_path / "changed").mkdir()
    corpus = write_text(changed, "train", TRAIN.replace("She", "He"), TRAIN_KEYS)
    with pytest.raises(SensesError, match="is there already"):
        average_senses(other, corpus, path)
    assert path.read_bytes() == content
    average_senses(other, train, path, force=True)
    assert path.read_bytes() != content
    path.write_text("notes")
    with pytest.raises(SensesError, match="is there already"):
        average_senses(other, train, path)
    with pytest.raises(SensesError, match=r"a\.hdf5 is no file of averages by sense, or is damaged"):
        read_averages(path)


def test_damaged_numbers_are_noticed(make_bilm: Callable[..., BiLM], train: SenseCorpus, tmp_path: Path) -> None:
    path = tmp_path / "a.hdf5"
    averages = average_senses(make_bilm(), train, path)
    content = path.read_bytes()
    numbers = averages.sums[2, 1].tobytes()
    assert content.count(numbers) == 1
    path.write_bytes(content.replace(numbers, numbers[::-1]))
    with pytest.raises(SensesError, match=r"a\.hdf5 is no file of averages by sense, or is damaged"):
        read_averages(path)


def test_keys_that_do_not_fit(make_bilm: Callable[..., BiLM], tmp_path: Path) -> None:
    corpus = write_text(tmp_path, "a", TRAIN, TRAIN_KEYS.replace("d0.s1.t1", "d0.s1.t9"))
    with pytest.raises(SensesError, match=r'a\.gold\.key\.txt has no senses of the instance "d0\.s1\.t1"'):
        average_senses(make_bilm(), corpus, tmp_path / "a.hdf5")
    corpus = write_text(tmp_path, "a", TRAIN, TRAIN_KEYS.replace("sit%2", "sit-2"))
    with pytest.raises(SensesError, match=r'a\.gold\.key\.txt: "sit-2:35:00::" is no sense key'):
        average_senses(make_bilm(), corpus, tmp_path / "a.hdf5")
    assert not (tmp_path / "a.hdf5").exists()


def test_the_nearest_of_an_entrys_own_senses_by_hand() -> None:
    senses = ["bank%1:14:00::", "bank%1:17:01::", "bank%2:40:00::", "river%1:17:00::", "river%1:18:00::"]
    # Two layers of two numbers.
    sums = np.array(
        [[[9, 1], [1, 0]], [[0, 1], [0, 9]], [[1, 0], [1, 0]], [[1, 1], [1, 1]], [[0, 0], [0, 0]]], dtype=np.float32
    )
    averages = SenseAverages(senses, sums, np.array([1, 9, 1, 1, 0]))
    # Cosine: a long average is not nearer for its length. A verb's sense and another word's are not asked.
    assert averages.nearest(("bank", "NOUN"), np.array([[1, 2], [1, 2]])) == ["bank%1:17:01::"] * 2
    assert averages.nearest(("bank", "NOUN"), np.array([[3, 0.1], [0, 1]])) == ["bank%1:14:00::", "bank%1:17:01::"]
    assert averages.nearest(("bank", "VERB"), np.array([[-1, -1], [0, 0]])) == ["bank%2:40:00::"] * 2
    # A sense without an instance is none.
    assert averages.nearest(("river", "NOUN"), np.array([[0, 0], [-1, 0]])) == ["river%1:17:00::"] * 2
    # Of equally near ones it is the most frequent.
    assert averages.nearest(("bank", "NOUN"), np.array([[10, 2], [1, 9]])) == ["bank%1:14:00::", "bank%1:17:01::"]
    assert averages.nearest(("bank", "NOUN"), np.zeros((2, 2))) == ["bank%1:17:01::"] * 2
    assert averages.nearest(("bank", "ADV"), np.ones((2, 2))) is None
    assert averages.nearest(("rivers", "NOUN"), np.ones((2, 2))) is None


def test_the_nearest_by_brute_force() -> None:
    random = np.random.default_rng(1)
    senses = [f"{word}%{part}:{number:02}:00::" for word in "ab" for part in (1, 2) for number in range(5)]
    sums = random.normal(size=(20, 3, 8)).astype(np.float32)
    averages = SenseAverages(senses, sums, np.ones(20, dtype=np.int64))
    for _ in range(50):
        vectors = random.normal(size=(3, 8))
        expected = []
        for layer in range(3):
            cosines = {
                sense: vectors[layer]
                @ sums[row, layer]
                / np.linalg.norm(vectors[layer])
                / np.linalg.norm(sums[row, layer])
                for row, sense in enumerate(senses)
                if sense.startswith("b%1")
            }
            expected.append(max(cosines, key=lambda sense: cosines[sense]))
        assert averages.nearest(("b", "NOUN"), vectors) == expected

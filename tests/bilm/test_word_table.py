import copy
import pickle
import threading
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from elmo_tasks.bilm import BiLM, EmptyWordError, batch_to_ids, word_table
from elmo_tasks.bilm.word_table import WordTable

SENTENCES = [["the", "cat", "sat", "on", "the", "mat"], ["The", "mat"]]


def ids_of(*words: str) -> Tensor:
    """Shape `(words, 50)`."""
    return batch_to_ids([words])[0]


@pytest.fixture
def bilm(make_bilm: Callable[..., BiLM]) -> BiLM:
    """In double precision: how single rounds depends on the products' shapes, and so on a word's companions."""
    return make_bilm().double().requires_grad_(False)


@pytest.fixture
def convolved(bilm: BiLM) -> list[int]:
    """Grows by the number of words that go through the character CNN at each call."""
    numbers: list[int] = []
    bilm.char_cnn.register_forward_pre_hook(lambda _, inputs: numbers.append(len(inputs[0])))
    return numbers


def assert_right(table: WordTable, bilm: BiLM, ids: Tensor) -> None:
    torch.testing.assert_close(table.vectors(ids, bilm.char_cnn), bilm.char_cnn(ids), rtol=0, atol=1e-12)


@settings(max_examples=40)
@given(
    st.integers(min_value=1, max_value=12),
    st.lists(st.sets(st.sampled_from("abcdefghij") | st.text(min_size=1, max_size=3), max_size=8), max_size=12),
)
def test_any_words_in_any_order_within_any_bound(bilm: BiLM, most: int, batches: list[set[str]]) -> None:
    table = WordTable(most)
    for batch in batches:
        if batch:
            assert_right(table, bilm, ids_of(*batch))
            assert len(table) <= most


def test_a_word_is_computed_once(bilm: BiLM, convolved: list[int]) -> None:
    table = WordTable(100)
    for words in (("a", "b", "c"), ("c", "d", "a"), ("d", "c", "b", "a")):
        table.vectors(ids_of(*words), bilm.char_cnn)
    assert convolved == [3, 1]
    assert len(table) == 4


def test_grows_to_its_bound(bilm: BiLM) -> None:
    table = WordTable(3000)
    for first in range(0, 5000, 500):
        assert_right(table, bilm, ids_of(*map(str, range(first, first + 500))))
        assert len(table) == min(first + 500, 3000) or first >= 3000
        assert len(table) <= 3000
    assert_right(table, bilm, ids_of(*map(str, range(5000))))


def test_what_is_used_most_is_kept(bilm: BiLM, convolved: list[int]) -> None:
    table = WordTable(8)
    for _ in range(3):
        table.vectors(ids_of("the", "of"), bilm.char_cnn)
    for number in range(40):
        table.vectors(ids_of("the", "of", f"rare{number}"), bilm.char_cnn)
    assert convolved == [2] + [1] * 40


def test_words_with_one_hash_keep_their_own_vectors(bilm: BiLM, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_table, "word_hashes", lambda words: torch.zeros(len(words), dtype=torch.long))
    table = WordTable(100)
    for words in (("a", "b"), ("b", "c"), ("c", "b", "a"), ("a",)):
        assert_right(table, bilm, ids_of(*words))
    assert len(table) <= 2


@pytest.mark.parametrize("change", ["step", "load", "assign", "double", "bfloat16 and back"])
def test_changed_weights_are_noticed(bilm: BiLM, make_bilm: Callable[..., BiLM], change: str) -> None:
    bilm.float().keep_words(100)
    ids = batch_to_ids(SENTENCES)
    before = bilm(ids).layers
    others = make_bilm().state_dict()
    if change == "step":
        bilm.requires_grad_(True)
        bilm(ids).layers.sum().backward()
        torch.optim.SGD(bilm.parameters(), lr=0.5).step()
        bilm.requires_grad_(False)
    elif change == "load":
        bilm.load_state_dict(others)
    elif change == "assign":
        bilm.load_state_dict(others, assign=True)
        bilm.requires_grad_(False)
    elif change == "double":
        bilm.double()
    else:
        bilm.to(torch.bfloat16).to(torch.float32)
    plain = BiLM(bilm.options).to(bilm.dtype)
    plain.load_state_dict(bilm.state_dict())
    after = bilm(ids).layers
    torch.testing.assert_close(after, plain(ids).layers.detach(), rtol=0, atol=1e-6)
    assert not torch.equal(after[:, 0].double(), before[:, 0].double())


def test_a_bilm_keeps_words(bilm: BiLM, convolved: list[int]) -> None:
    ids = batch_to_ids(SENTENCES)
    expected = bilm(ids).layers
    bilm.keep_words(100)
    for _ in range(3):
        torch.testing.assert_close(bilm(ids).layers, expected, rtol=0, atol=1e-6)
    # Six words and two boundaries.
    assert convolved == [8, 8]
    assert bilm.kept_words == 100
    bilm.keep_words(0)
    bilm(ids)
    assert convolved == [8, 8, 8]


def test_words_known_beforehand(bilm: BiLM, convolved: list[int]) -> None:
    bilm.keep_words(100, ["mat", "cat", "mat"])
    bilm.keep_words(100, ["the", "cat"])
    bilm(batch_to_ids([["the", "cat"], ["mat"]]))
    assert convolved == [2, 1, 2], "the boundaries come last"
    with pytest.raises(EmptyWordError):
        bilm.keep_words(100, [""])


def test_not_used_while_the_weights_are_trained(bilm: BiLM, convolved: list[int]) -> None:
    bilm.requires_grad_(True).keep_words(100)
    for _ in range(2):
        bilm(batch_to_ids(SENTENCES)).layers.sum().backward()
    with torch.no_grad():
        bilm(batch_to_ids(SENTENCES))
    assert convolved == [8, 8, 8]
    assert bilm.char_cnn.projection.weight.grad is not None


def test_not_used_under_autocast(bilm: BiLM, convolved: list[int]) -> None:
    bilm.keep_words(100)
    expected = bilm(batch_to_ids(SENTENCES)).layers
    with torch.autocast("cpu", torch.bfloat16):
        bilm.char_cnn(ids_of("the"))
        bilm._token_vectors(ids_of("the"))
    assert convolved == [8, 1, 1]
    assert torch.equal(bilm(batch_to_ids(SENTENCES)).layers, expected)


def test_inference_mode_and_gradients_in_turn(bilm: BiLM) -> None:
    bilm.keep_words(100)
    with torch.inference_mode():
        bilm(batch_to_ids([["the", "cat"]]))
    bilm.lstm.requires_grad_(True)
    bilm(batch_to_ids([["the", "dog"]])).layers.sum().backward()
    with torch.inference_mode():
        bilm(batch_to_ids([["a", "dog"]]))


def test_copies_begin_empty(bilm: BiLM) -> None:
    bilm.keep_words(100)
    ids = batch_to_ids(SENTENCES)
    expected = bilm(ids).layers
    for twin in (copy.deepcopy(bilm), pickle.loads(pickle.dumps(bilm))):
        assert twin.kept_words == 100
        assert len(twin._word_table) == 0
        torch.testing.assert_close(twin(ids).layers, expected, rtol=0, atol=1e-6)


def test_threads_share_a_table(bilm: BiLM) -> None:
    table = WordTable(60)
    words = [str(number) for number in range(100)]
    expected = bilm.char_cnn(ids_of(*words))
    wrong: list[str] = []

    def ask(step: int) -> None:
        for number in range(60):
            chosen = [(number * step + offset) % 100 for offset in range(10)]
            vectors = table.vectors(ids_of(*(words[one] for one in chosen)), bilm.char_cnn)
            if not torch.allclose(vectors, expected[chosen], atol=1e-6):
                wrong.append(f"step {step}, batch {number}")

    threads = [threading.Thread(target=ask, args=(step,)) for step in (1, 3, 7, 11)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(table) <= 60


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_and_back(bilm: BiLM, convolved: list[int]) -> None:
    ids = batch_to_ids(SENTENCES)
    expected = bilm(ids).layers
    bilm.keep_words(100)
    for device in ("cuda", "cpu"):
        bilm.to(device)
        for _ in range(2):
            torch.testing.assert_close(bilm(ids.to(device)).layers.cpu(), expected, rtol=1e-4, atol=1e-4)
    assert convolved == [8, 8, 8]

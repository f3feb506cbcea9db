import copy
import gc
import logging
import multiprocessing
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from elmo_tasks.bilm import BiLM, CharacterIdsError, activations, batch_to_ids
from elmo_tasks.bilm.activations import ActivationsError, CachedBiLM
from elmo_tasks.bilm.boundaries import BoundaryBiLM

SENTENCES = [["the", "cat", "sat", "on", "the", "mat"], [], ["A", "mat"], ["No", "!", "dogs"]]


@pytest.fixture
def bilm(make_bilm: Callable[..., BiLM]) -> BiLM:
    return make_bilm().requires_grad_(False)


def rounded(layers: Tensor) -> Tensor:
    return layers.half().float()


def test_a_hit_is_exact(bilm: BiLM, tmp_path: Path) -> None:
    ids = batch_to_ids([sentence for sentence in SENTENCES if sentence])
    layers = bilm(ids).layers
    for dtype, expected in (("float16", rounded(layers)), ("float32", layers)):
        cached = CachedBiLM(bilm, tmp_path, dtype=dtype)
        computed, found = cached(ids).layers, cached(ids).layers
        assert cached.counts.hits == cached.counts.misses == 3
        assert torch.equal(computed, expected)
        assert torch.equal(found, expected)


def test_a_hit_is_what_was_computed(bilm: BiLM, tmp_path: Path, bilm_runs: list[int]) -> None:
    ids = batch_to_ids(SENTENCES)
    expected = bilm(ids)
    assert bilm_runs.pop() == 4
    for dtype, layers in (("float16", rounded(expected.layers)), ("float32", expected.layers)):
        for _ in range(3):
            # Opened anew each time, as in another run.
            cached = CachedBiLM(bilm, tmp_path, dtype=dtype)
            output = cached(ids)
            assert torch.equal(output.mask, expected.mask)
            assert output.layers.dtype == torch.float32
            # Alone a sentence may differ in its last bit, so that it is rounded the other way.
            torch.testing.assert_close(output.layers, layers, rtol=1e-3 if dtype == "float16" else 0, atol=1e-6)
            again = cached(ids)
            assert torch.equal(again.layers, output.layers)
            assert torch.equal(again.mask, output.mask)
    assert bilm_runs == [3, 3], "each precision once, without the empty sentence"


@settings(max_examples=20)
@given(
    st.lists(st.lists(st.lists(st.sampled_from(["a", "b", "語", "x" * 60]), max_size=4), max_size=4), max_size=4),
    st.randoms(use_true_random=False),
)
def test_any_mix_of_hits_and_misses(bilm: BiLM, tmp_path: Path, batches: list[list[list[str]]], chance: Any) -> None:
    cached = CachedBiLM(bilm, tmp_path, dtype="float32")
    for batch in batches:
        ids = batch_to_ids(batch)
        # Padding in front, between the tokens and behind.
        tokens = ids.shape[1] + chance.randrange(3)
        columns = torch.tensor(sorted(chance.sample(range(tokens), ids.shape[1])), dtype=torch.long)
        scattered = torch.zeros(len(batch), tokens, 50, dtype=torch.long)
        scattered[:, columns] = ids
        for one in (ids, scattered):
            expected, actual = bilm(one), cached(one)
            torch.testing.assert_close(actual.layers, expected.layers, rtol=0, atol=1e-5)
            assert torch.equal(actual.mask, expected.mask)


def test_only_the_misses_run(bilm: BiLM, tmp_path: Path, bilm_runs: list[int]) -> None:
    cached = CachedBiLM(bilm, tmp_path)
    cached(batch_to_ids(SENTENCES[:3]))
    cached(batch_to_ids([SENTENCES[3], *SENTENCES, ["new"]]))
    cached(batch_to_ids(SENTENCES[::-1]))
    assert bilm_runs == [2, 3]
    assert (cached.counts.hits, cached.counts.misses, cached.counts.batches) == (5, 5, 3)
    cached.store.close()
    assert cached.store.size == cached.store.path.stat().st_size > 0


@pytest.mark.parametrize("batch", [[], [[]], [[], []]])
def test_nothing_to_read(bilm: BiLM, tmp_path: Path, batch: list[list[str]], bilm_runs: list[int]) -> None:
    cached = CachedBiLM(bilm, tmp_path)
    for tokens in (0, 3):
        ids = torch.zeros(len(batch), tokens, 50, dtype=torch.long)
        layers, mask = cached(ids)
        assert layers.shape == (len(batch), 3, tokens, bilm.output_dim)
        assert not layers.any()
        assert not mask.any()
    assert bilm_runs == []


@pytest.mark.parametrize("value", [262, -1, 65536 + 5])
def test_wrong_ids_get_an_error(bilm: BiLM, tmp_path: Path, value: int) -> None:
    cached = CachedBiLM(bilm, tmp_path)
    ids = batch_to_ids([["a"]])
    cached(ids)
    ids[0, 0, 1] = value
    with pytest.raises(CharacterIdsError, match=r"they must lie in 0\.\.261"):
        cached(ids)
    with pytest.raises(CharacterIdsError, match="is needed"):
        cached(ids[0])


def ids_of(sentences: list[list[str]]) -> list[Tensor]:
    """Shape `(tokens, 50)` each."""
    return [batch_to_ids([sentence])[0] for sentence in sentences]


def test_filling_leaves_nothing_to_compute(bilm: BiLM, tmp_path: Path, bilm_runs: list[int]) -> None:
    ids = batch_to_ids(SENTENCES)
    expected = CachedBiLM(bilm, tmp_path / "other")(ids)
    bilm_runs.clear()
    cached = CachedBiLM(bilm, tmp_path / "cache")
    # Repeated ones, padded ones and one without tokens are done too.
    assert sum(cached.fill([*ids_of(SENTENCES), *ids])) == 8
    assert bilm_runs == [3]
    output = cached(ids)
    assert bilm_runs == [3]
    assert torch.equal(output.mask, expected.mask)
    torch.testing.assert_close(output.layers, expected.layers, rtol=1e-3, atol=1e-6)


def test_filling_goes_on_after_a_kill(bilm: BiLM, tmp_path: Path, bilm_runs: list[int]) -> None:
    sentences = [["a"] * length for length in range(1, 601)]
    cached = CachedBiLM(bilm, tmp_path)
    batches = cached.fill(iter(ids_of(sentences)))
    done = [next(batches) for _ in range(4)]
    batches.close()
    assert done[0] == 0
    assert sum(done) == sum(bilm_runs)
    again = CachedBiLM(bilm, tmp_path)
    assert next(iter(again.fill(ids_of(sentences)))) >= sum(done)
    assert sum(again.fill(ids_of(sentences))) == 600
    assert sum(bilm_runs) == 600


def test_filling_a_full_file_ends(bilm: BiLM, tmp_path: Path, bilm_runs: list[int]) -> None:
    sentences = [["a"] * length for length in range(1, 601)]
    cached = CachedBiLM(bilm, tmp_path, max_bytes=100_000)
    assert sum(cached.fill(ids_of(sentences))) < 600
    assert cached.store.is_closed_to_more
    ran = len(bilm_runs)
    assert sum(cached.fill(ids_of(sentences))) < 600
    assert len(bilm_runs) == ran


def test_filling_a_folder_that_cannot_be_used_computes_nothing(bilm: BiLM, bilm_runs: list[int]) -> None:
    assert sum(CachedBiLM(bilm, "/proc/no/folder").fill(ids_of(SENTENCES))) == 1
    assert bilm_runs == []


@settings(max_examples=20)
@given(st.lists(st.lists(st.sampled_from(["a", "b", "語", "x" * 60]), max_size=9), max_size=12))
def test_filling_any_sentences(bilm: BiLM, tmp_path: Path, sentences: list[list[str]]) -> None:
    with TemporaryDirectory(dir=tmp_path) as folder:
        cached = CachedBiLM(bilm, folder, dtype="float32")
        assert sum(cached.fill(ids_of(sentences))) == len(sentences)
        ids = batch_to_ids(sentences)
        computed = cached.counts.misses
        torch.testing.assert_close(cached(ids).layers, bilm(ids).layers, rtol=0, atol=1e-6)
        assert cached.counts.misses == computed == len({tuple(sentence) for sentence in sentences if sentence})


def test_boundaries_are_kept_too(bilm: BiLM, tmp_path: Path, bilm_runs: list[int]) -> None:
    plain, with_boundaries = CachedBiLM(bilm, tmp_path), BoundaryBiLM(bilm.options).requires_grad_(False)
    with_boundaries.load_state_dict(bilm.state_dict())
    cached = CachedBiLM(with_boundaries, tmp_path)
    ids = batch_to_ids(SENTENCES)
    expected = with_boundaries(ids)
    for _ in range(2):
        plain(ids)
        actual = cached(ids)
        torch.testing.assert_close(actual.layers, expected.layers, rtol=1e-3, atol=1e-6)
        assert torch.equal(actual.mask, expected.mask)
    assert bilm_runs == [4, 3, 4]


def test_another_bilm_is_another_cache(
    bilm: BiLM, make_bilm: Callable[..., BiLM], tmp_path: Path, bilm_runs: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = batch_to_ids(SENTENCES)
    nudged = copy.deepcopy(bilm)
    with torch.no_grad():
        nudged.lstm.layers[1].bias[1, -1] += 1e-6
    unclipped = BiLM(bilm.options.replace(cell_clip=0.0)).requires_grad_(False)
    unclipped.load_state_dict(bilm.state_dict())
    half = copy.deepcopy(bilm).to(torch.bfloat16)
    bilms = [bilm, make_bilm().requires_grad_(False), nudged, unclipped, half]
    for one in bilms:
        expected = one(ids).layers
        for _ in range(2):
            torch.testing.assert_close(CachedBiLM(one, tmp_path)(ids).layers, expected, rtol=1e-2, atol=1e-3)
    assert bilm_runs == [4, 3] * len(bilms)
    assert len(list(tmp_path.iterdir())) == len(bilms)
    # The same biLM again, as an object of its own.
    bilm_runs.clear()
    CachedBiLM(copy.deepcopy(bilm), tmp_path)(ids)
    assert bilm_runs == []
    monkeypatch.setattr(activations, "_FORMAT", activations._FORMAT + 1)
    CachedBiLM(bilm, tmp_path)(ids)
    assert bilm_runs == [3]


def test_another_bilms_file_under_this_ones_name(
    bilm: BiLM, make_bilm: Callable[..., BiLM], tmp_path: Path, bilm_runs: list[int]
) -> None:
    ids = batch_to_ids(SENTENCES)
    others = CachedBiLM(make_bilm().requires_grad_(False), tmp_path)
    others(ids)
    others.store.close()
    cached = CachedBiLM(bilm, tmp_path)
    shutil.copyfile(others.store.path, cached.store.path)
    torch.testing.assert_close(cached(ids).layers, rounded(bilm(ids).layers), rtol=1e-3, atol=1e-6)
    assert bilm_runs == [3, 3, 4]


def test_changed_weights(bilm: BiLM, make_bilm: Callable[..., BiLM], tmp_path: Path) -> None:
    ids = batch_to_ids(SENTENCES)
    cached = CachedBiLM(bilm, tmp_path)
    before = cached(ids).layers
    bilm.load_state_dict(make_bilm().state_dict())
    after = cached(ids).layers
    torch.testing.assert_close(after, rounded(bilm(ids).layers), rtol=1e-3, atol=1e-6)
    assert not torch.allclose(before, after)


def test_what_half_precision_cannot_hold_is_computed(bilm: BiLM, tmp_path: Path, bilm_runs: list[int]) -> None:
    with torch.no_grad():
        # "!" alone gets a large vector.
        bilm.char_cnn.character_embedding[ord("!") + 1] *= 1e6
    cached = CachedBiLM(bilm, tmp_path)
    ids = batch_to_ids(SENTENCES)
    expected = bilm(ids).layers
    assert expected[3].abs().max() > 65504
    for _ in range(2):
        torch.testing.assert_close(cached(ids).layers, expected, rtol=1e-3, atol=1e-3)
    assert bilm_runs == [4, 3, 1]


def test_two_trainings_at_once(bilm: BiLM, tmp_path: Path) -> None:
    sentences = [[f"{word}{number}" for word in "abc"[: 1 + number % 3]] for number in range(40)]
    expected = rounded(bilm(batch_to_ids(sentences)).layers)

    def train(seed: int) -> None:
        torch.set_num_threads(1)  # the parent's threads are not here
        cached = CachedBiLM(bilm, tmp_path)
        for epoch in range(2):
            order = torch.randperm(len(sentences), generator=torch.Generator().manual_seed(seed + epoch))
            for rows in order.split(8):
                layers = cached(batch_to_ids([sentences[row] for row in rows])).layers
                torch.testing.assert_close(layers, expected[rows, :, : layers.shape[2]], rtol=1e-3, atol=1e-6)
        assert cached.counts.misses <= len(sentences)

    processes = [multiprocessing.get_context("fork").Process(target=train, args=(seed,)) for seed in (10, 20, 30)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    cached = CachedBiLM(bilm, tmp_path)
    cached(batch_to_ids(sentences))
    assert cached.counts.hits == len(sentences)


@pytest.mark.parametrize("fault", ["folder", "cut", "noise", "values"])
def test_faults_cost_time_only(
    bilm: BiLM, tmp_path: Path, fault: str, bilm_runs: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    ids = batch_to_ids(SENTENCES)
    expected = rounded(bilm(ids).layers)
    file = CachedBiLM(bilm, tmp_path).store.path
    if fault == "folder":
        cached = CachedBiLM(bilm, "/proc/no/folder")
    else:
        cached = CachedBiLM(bilm, tmp_path)
        cached(ids)
        cached.store.close()
        if fault == "cut":
            os.truncate(file, 20_000)
        elif fault == "noise":
            file.write_bytes(os.urandom(50_000))
        else:
            # Values of the wrong length, with a right checksum.
            keys = cached._keys(ids)
            cached.store.put(dict.fromkeys(keys, b"short"))
    bilm_runs.clear()
    for _ in range(2):
        torch.testing.assert_close(cached(ids).layers, expected, rtol=1e-3, atol=1e-6)
    assert bilm_runs == ([3] if fault == "values" else [3, 3])
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == (0 if fault == "values" else 1)


def test_full_file(bilm: BiLM, tmp_path: Path) -> None:
    cached = CachedBiLM(bilm, tmp_path, max_bytes=100_000, dtype="float32")
    batches = [batch_to_ids([[f"{row}x{batch}"] * 20 for row in range(8)]) for batch in range(8)]
    expected = [bilm(batch).layers for batch in batches]
    for _ in range(2):
        for batch, layers in zip(batches, expected, strict=True):
            torch.testing.assert_close(cached(batch).layers, layers, rtol=0, atol=1e-5)
    cached.store.close()
    assert cached.store.size <= 100_000
    assert cached.counts.hits in (8, 16, 24), "whole batches, and not all of them"


def test_gradients_reach_what_uses_the_layers(bilm: BiLM, tmp_path: Path) -> None:
    cached = CachedBiLM(bilm, tmp_path)
    ids = batch_to_ids(SENTENCES)
    weights = torch.ones(3, requires_grad=True)
    for _ in range(2):
        layers = cached(ids).layers
        assert not layers.requires_grad
        torch.einsum("bltd,l->", layers, weights).backward()
    assert weights.grad is not None


def test_autocast_is_not_kept(bilm: BiLM, tmp_path: Path) -> None:
    cached = CachedBiLM(bilm, tmp_path)
    ids = batch_to_ids(SENTENCES)
    with torch.autocast("cpu", torch.bfloat16):
        cached(ids)
    torch.testing.assert_close(cached(ids).layers, rounded(bilm(ids).layers), rtol=1e-3, atol=1e-6)


def test_the_log_tells(
    bilm: BiLM, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activations, "_BATCHES_A_REPORT", 2)
    with caplog.at_level(logging.INFO, logger="elmo_tasks"):
        cached = CachedBiLM(bilm, tmp_path)
        for _ in range(3):
            cached(batch_to_ids(SENTENCES))
        assert "3 sentences found and 3 computed in 2 batches; 0." in caplog.records[-1].getMessage()
        del cached
        gc.collect()
    assert "6 sentences found and 3 computed in 3 batches" in caplog.records[-1].getMessage()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dtype": "bfloat16"}, '"float16" or "float32", not in "bfloat16"'),
        ({"max_bytes": 0}, "max_bytes is 0"),
        ({"stateful": True}, "stateful"),
        ({"requires_grad": True}, "trained"),
    ],
)
def test_bad_arguments(make_bilm: Callable[..., BiLM], tmp_path: Path, arguments: dict[str, Any], message: str) -> None:
    bilm = make_bilm(arguments.pop("stateful", False)).requires_grad_(arguments.pop("requires_grad", False))
    with pytest.raises(ActivationsError, match=message):
        CachedBiLM(bilm, tmp_path, **arguments)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu(bilm: BiLM, tmp_path: Path, bilm_runs: list[int]) -> None:
    ids = batch_to_ids(SENTENCES)
    expected = rounded(bilm(ids).layers)
    bilm.cuda()
    cached = CachedBiLM(bilm, tmp_path)
    for _ in range(2):
        layers, mask = cached(ids.cuda())
        assert layers.is_cuda
        assert mask.is_cuda
        torch.testing.assert_close(layers.cpu(), expected, rtol=1e-3, atol=1e-4)
    bilm.cpu()
    torch.testing.assert_close(cached(ids).layers, expected, rtol=1e-3, atol=1e-4)
    assert bilm_runs == [4, 3]

"""Many threads and a busy garbage collector on what they share: the biLM, its runs, and the words and layers kept."""

import gc
import random
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from elmo_tasks.bilm import BiLM, BiLMFiles, batch_to_ids
from elmo_tasks.embedders import ElmoTokenEmbedder, FrozenBiLM
from elmo_tasks.embedders.cache_settings import CacheSettings
from elmo_tasks.embedders.frozen import share_files

THREADS, CALLS = 8, 60
WORDS = [f"w{number}" for number in range(60)]


@pytest.fixture(autouse=True)
def busy() -> Iterator[None]:
    """Threads are switched, and garbage is collected, as often as can be."""
    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    done = threading.Event()

    def collect() -> None:
        while not done.wait(0.001):
            gc.collect(0)

    collector = threading.Thread(target=collect)
    sys.setswitchinterval(1e-5)
    gc.set_threshold(20)
    collector.start()
    yield
    done.set()
    collector.join()
    sys.setswitchinterval(interval)
    gc.set_threshold(*threshold)


def at_once(work: Callable[[int], None], number: int = THREADS) -> None:
    """Runs `work` in several threads, each with its number, and raises the first error of any."""
    errors: list[BaseException] = []
    ready = threading.Barrier(number)

    def run(thread: int) -> None:
        torch.set_num_threads(1)
        ready.wait()
        try:
            work(thread)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(thread,)) for thread in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def batches() -> list[Tensor]:
    chance = random.Random(5)
    return [batch_to_ids([chance.choices(WORDS, k=chance.randint(1, 4)) for _ in range(3)]) for _ in range(20)]


@pytest.mark.parametrize("cached", [False, True])
def test_one_frozen_bilm(bilm_files: BiLMFiles, cached: bool, tmp_path: Path) -> None:
    frozen = FrozenBiLM(BiLM.from_files(*bilm_files), CacheSettings(str(tmp_path), dtype="float32") if cached else None)
    # So few that words are forgotten all the time.
    frozen.keep_words(20)
    ids = batches()
    plain = BiLM.from_files(*bilm_files)
    with torch.no_grad():
        expected = [plain(batch).layers for batch in ids]

    def work(thread: int) -> None:
        chance = random.Random(thread)
        for _ in range(CALLS):
            number = chance.randrange(len(ids))
            # A tensor that others have too, a copy that dies at once, and a view.
            batch = chance.choice([ids[number], ids[number].clone(), ids[number][:]])
            torch.testing.assert_close(frozen(batch, place=thread).layers, expected[number], rtol=1e-4, atol=1e-5)
            if chance.random() < 0.1:
                frozen.keep_words(20, chance.sample(WORDS, 3))

    at_once(work)
    if cached:
        assert frozen._layers.counts.hits + frozen._layers.counts.misses <= THREADS * CALLS * 3
        assert frozen._layers.counts.misses >= len({tuple(row.flatten().tolist()) for batch in ids for row in batch})


def test_embedders_are_made_and_used_at_once(bilm_files: BiLMFiles) -> None:
    ids = batches()
    expected = [ElmoTokenEmbedder(*map(str, bilm_files)).eval()(batch).detach() for batch in ids]
    made: list[FrozenBiLM] = []

    def work(thread: int) -> None:
        frozen = share_files(bilm_files)
        made.append(frozen)
        embedder = ElmoTokenEmbedder(*map(str, bilm_files)).eval()
        for number, batch in enumerate(ids):
            torch.testing.assert_close(embedder(batch).detach(), expected[number], rtol=1e-4, atol=1e-5)

    at_once(work)
    assert len({id(frozen) for frozen in made}) == 1


def test_a_stateful_bilm_runs_for_one_thread_at_a_time(bilm_files: BiLMFiles) -> None:
    ids = batch_to_ids([["The", "cat"], ["A"]])
    alone = BiLM.from_files(*bilm_files, stateful=True)
    with torch.no_grad():
        expected = [alone(ids).layers for _ in range(THREADS * 5)]
    frozen = FrozenBiLM(BiLM.from_files(*bilm_files, stateful=True))
    found: list[Tensor] = []

    def work(thread: int) -> None:
        # The same place again: the next batch.
        found.extend(frozen(ids, place=frozen).layers for _ in range(5))

    at_once(work)
    # Each state was passed on once, whichever thread came when.
    assert sorted(layers.sum().item() for layers in found) == pytest.approx(
        sorted(layers.sum().item() for layers in expected), rel=1e-4, abs=1e-4
    )

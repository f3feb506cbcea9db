"""A biLM's files and its cache: what is read is what was written, or an error names the file."""

import json
from pathlib import Path

import pytest
import torch
from fuzzing import Chance, damaged, fuzz, strange_json, word_of, write

from elmo_tasks.bilm import BiLM, BiLMOptions, OptionsError, WeightsError, batch_to_ids
from elmo_tasks.bilm.activations import CachedBiLM
from elmo_tasks.bilm.characters import EmptyWordError
from elmo_tasks.vectors import ElmoEmbedder
from elmo_tasks.vectors.embedder import EmbedderError
from tiny_bilms import TINY


@pytest.fixture
def bilm(tmp_path: Path) -> BiLM:
    """Tiny, frozen, with the files options.json and weights.hdf5."""
    BiLM(TINY).save(tmp_path / "options.json", tmp_path / "weights.hdf5")
    return BiLM.from_files(tmp_path / "options.json", tmp_path / "weights.hdf5")


def test_options(tmp_path: Path) -> None:
    path = tmp_path / "options.json"
    whole = TINY.to_dict()

    def check(chance: Chance) -> None:
        text = strange_json(whole, chance) if chance.random() < 0.8 else json.dumps(whole)
        content = text.encode() if chance.random() < 0.7 else damaged(text.encode(), chance)
        write(path, content, chance)
        options = BiLMOptions.from_file(path)
        said = json.loads(content.removeprefix(b"\xef\xbb\xbf"))
        cnn, lstm = said["char_cnn"], said["lstm"]
        found = options.to_dict()
        assert found["char_cnn"]["filters"] == cnn["filters"]
        assert found["char_cnn"]["embedding"] == {"dim": cnn["embedding"]["dim"]}
        assert type(options.skip_connections) is bool
        for name in ("dim", "projection_dim", "use_skip_connections"):
            assert found["lstm"][name] == lstm[name]
            assert type(found["lstm"][name]) is type(lstm[name])
        for name in ("cell_clip", "proj_clip"):
            assert found["lstm"][name] == (lstm.get(name) or 0)
            assert not isinstance(lstm.get(name), bool | str)

    fuzz(check, OptionsError, where=path.name)


def test_weights(bilm: BiLM, tmp_path: Path) -> None:
    """HDF5 has no check sums: a value may be another, but finite, and all others are what they were."""
    options, path = tmp_path / "options.json", tmp_path / "weights.hdf5"
    whole = path.read_bytes()
    values = sum(weight.numel() for weight in bilm.parameters())

    def check(chance: Chance) -> None:
        write(path, damaged(whole, chance), chance)
        found = BiLM.from_files(options, path)
        differing = 0
        for weight, expected in zip(found.parameters(), bilm.parameters(), strict=True):
            assert weight.isfinite().all()
            differing += int((weight != expected).sum())
        assert differing < values // 2

    fuzz(check, WeightsError, where=path.name)


def test_options_and_weights_that_do_not_belong_together(bilm: BiLM, tmp_path: Path) -> None:
    options, weights = tmp_path / "others.json", tmp_path / "weights.hdf5"

    def check(chance: Chance) -> None:
        options.write_text(strange_json(TINY.to_dict(), chance), encoding="utf-8")
        found, expected = BiLM.from_files(options, weights), bilm.state_dict()
        # It may have fewer of the upper layers, and no others.
        lacking = expected.keys() - found.state_dict().keys()
        assert all(name.startswith("lstm.layers.") for name in lacking)
        assert all(torch.equal(weight, expected[name]) for name, weight in found.state_dict().items())

    fuzz(check, OptionsError, WeightsError)


def test_cache(bilm: BiLM, tmp_path: Path) -> None:
    """A damaged cache is slower; its layers are the biLM's."""
    folder = tmp_path / "cache"
    ids = batch_to_ids([["The", "cat", "ran"], ["Ada"], ["Oslo", "."]])
    cached = CachedBiLM(bilm, folder, dtype="float32")
    expected = cached(ids).layers
    cached.store.close()
    path = Path(cached.store.path)
    whole = path.read_bytes()

    def check(chance: Chance) -> None:
        for file in folder.iterdir():
            if file != path:
                file.unlink()
        write(path, damaged(whole, chance), chance)
        again = CachedBiLM(bilm, folder, dtype="float32")
        for _ in range(2):
            # Batches of other sentences round otherwise.
            torch.testing.assert_close(again(ids).layers, expected)
        again.store.close()

    fuzz(check)


def test_words(bilm: BiLM, tmp_path: Path) -> None:
    """Frequent words' vectors that are kept are the same as those that are not; what is no sentence is named."""
    embedder = ElmoEmbedder(tmp_path / "options.json", tmp_path / "weights.hdf5")
    things = [None, 1, float("nan"), b"the", [], ["a"], {"a": 1}, object(), "", torch.zeros(2), True]

    def check(chance: Chance) -> None:
        batch = [[word_of(chance) for _ in range(chance.randint(0, 5))] for _ in range(chance.randint(0, 3))]
        given: list[object] = list(batch)
        if given and chance.random() < 0.3:
            number = chance.randrange(len(given))
            given[number] = chance.choice([chance.choice(things), [*batch[number], chance.choice(things)]])
        arrays = embedder.embed_batch(given)  # type: ignore[arg-type]
        assert len(arrays) == len(given)
        for array, sentence in zip(arrays, given, strict=True):
            if sentence:
                alone = bilm(batch_to_ids([sentence])).layers[0]  # type: ignore[list-item]
                torch.testing.assert_close(torch.from_numpy(array), alone)

    fuzz(check, EmbedderError, EmptyWordError)

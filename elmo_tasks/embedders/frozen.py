"""A frozen biLM: one object a process, one run a batch, however many places use it."""

import hashlib
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from threading import Lock, RLock
from typing import Any
from weakref import WeakSet, WeakValueDictionary, ref

import torch
from torch import Tensor

from elmo_tasks.bilm.activations import CachedBiLM
from elmo_tasks.bilm.identity import bilm_digest
from elmo_tasks.bilm.layers import BiLMOutput, LayerSource
from elmo_tasks.bilm.model import BiLM
from elmo_tasks.bilm.options import BiLMOptions
from elmo_tasks.bilm.pretrained import BiLMFiles
from elmo_tasks.embedders.cache_settings import CacheSettings
from elmo_tasks.private import viewed_tensor

_MOST_RUNS = 4
"""Runs that are kept at most: a batch's text fields, with room."""


@dataclass(eq=False)
class _Run:
    """What the biLM made of some ids, and which places have had it from a stateful one."""

    ids: Tensor
    output: BiLMOutput
    places: WeakSet[Any] = field(default_factory=WeakSet)

    def is_of(self, ids: Tensor) -> bool:
        return self.ids.device == ids.device and torch.equal(self.ids, ids)


class _KeptRun:
    """A run that is forgotten with the tensor of ids that it was made from."""

    def __init__(self, run: _Run, ids: Tensor) -> None:
        self._content = content = [run]
        # The garbage collector may come here at any moment in any thread: no lock is taken, a list is emptied.
        self._tensor = ref(viewed_tensor(ids), lambda _: content.clear())

    def of(self, ids: Tensor) -> _Run | None:
        return next((run for run in self._content if run.is_of(ids)), None)


class FrozenBiLM:
    """
    A biLM, or a transformer in its place, that is not trained, shared by all its places of use.

    It is no `Module`, so that the models that hold it neither train it nor write it into their checkpoints. It runs
    on the device of the ids, without gradients, and in its own precision under autocast too.

    The layers are kept as long as the tensor of ids that they were made from, so that a second place of use in the same
    batch finds them. Contents are compared, not objects: a copy of the ids finds them as well, and ids that were
    changed in place do not. Nobody may change the layers in place.

    Threads may share it, and run it at the same time, on one device; a stateful one runs for one thread at a time.

    # Parameters

    bilm : `LayerSource`
        Is frozen, without dropout, and must not be changed any more.
    cache : `CacheSettings`, optional
        Where the layers of all sentences are kept on disk, see `CachedBiLM`. The biLM must be stateless then.
    """

    def __init__(self, bilm: LayerSource, cache: CacheSettings | None = None) -> None:
        self.bilm = bilm.eval().requires_grad_(False)
        self.cache = cache
        self._layers: Callable[[Tensor], BiLMOutput] = bilm if cache is None else CachedBiLM(bilm, *cache)
        # The newest last. It is replaced and never changed, so that threads read it without a lock; where two replace
        # it at once one of the runs is not kept.
        self._runs: tuple[_KeptRun, ...] = ()
        # Held while the weights move, and while a stateful biLM runs.
        self._alone = RLock()

    def __call__(self, ids: Tensor, place: object) -> BiLMOutput:
        """
        # Parameters

        ids : `Tensor`
            Shape `(batch, tokens, ids of a token)`.
        place : `object`
            Who asks, which matters to a stateful biLM only. It gives each place its layers once: a place that asks
            again has come to the next batch, even if that reads the same.

        # Returns

        `BiLMOutput`
        """
        stateful = self.bilm.stateful
        with self._alone if stateful else nullcontext():
            run = next((run for kept in self._runs if (run := kept.of(ids)) is not None), None)
            if stateful and run is not None and place in run.places:
                self._runs, run = (), None
            if run is None:
                run = _Run(ids.clone(), self._run(ids))
                self._runs = (*self._runs, _KeptRun(run, ids))[-_MOST_RUNS:]
            if stateful:
                run.places.add(place)
            return run.output

    def fill_cache(self, sentences: Iterable[Tensor], device: torch.device) -> Iterator[int]:
        """
        Runs the biLM on sentences that its cache does not have yet, and keeps their layers there; see
        `CachedBiLM.fill`.

        # Parameters

        sentences : `Iterable[Tensor]`
            The ids of each, shape `(tokens, ids of a token)`.
        device : `torch.device`
            Where the biLM runs.

        # Yields

        `int`
            How many sentences more are done.

        # Raises

        `ValueError`
            If this biLM has no cache.
        """
        if not isinstance(self._layers, CachedBiLM):
            raise ValueError("This biLM has no cache.")
        self._move(device)
        yield from self._layers.fill(sentences)

    def _run(self, ids: Tensor) -> BiLMOutput:
        self._move(ids.device)
        # A tensor born in inference mode could not be used for training a mix later.
        with torch.inference_mode(False), torch.no_grad(), torch.autocast(ids.device.type, enabled=False):
            return self._layers(ids)

    def _move(self, device: torch.device) -> None:
        with self._alone:
            if self.bilm.device != device:
                self.bilm.to(device)

    def keep_words(self, most: int, words: Iterable[str] = ()) -> None:
        """As `BiLM.keep_words`, but what another place of use has asked for stays."""
        words = set(words)
        with self._alone:
            self.bilm.keep_words(max(most, len(words), self.bilm.kept_words), words)

    def __deepcopy__(self, memo: dict[int, Any]) -> "FrozenBiLM":
        """Itself: a copied model shares the biLM too."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled without the layers that are kept."""
        return FrozenBiLM, (self.bilm, self.cache)


_shared: WeakValueDictionary[Hashable, FrozenBiLM] = WeakValueDictionary()
_sharing = Lock()


def share_files(
    files: BiLMFiles,
    stateful: bool = False,
    kind: type[BiLM] = BiLM,
    dtype: torch.dtype = torch.float32,
    cache: CacheSettings | None = None,
) -> FrozenBiLM:
    """
    The process's frozen biLM with these files' content: read once, and freed when nobody holds it any more.

    # Parameters

    files : `BiLMFiles`
        Files with the same content at other paths are the same biLM.
    stateful : `bool`
        Whether it carries its states from batch to batch. All that share it share the states.
    kind : `type[BiLM]`
        The class to read it into.
    dtype : `torch.dtype`
        The weights' precision.
    cache : `CacheSettings`, optional
        Where the layers are kept on disk.

    # Returns

    `FrozenBiLM`
    """
    with open(files.weight_file, "rb") as weights:
        digest = hashlib.file_digest(weights, "sha256").hexdigest()
    key = (kind, BiLMOptions.from_file(files.options_file), digest, stateful, dtype, cache)
    return _share(key, lambda: kind.from_files(*files, stateful=stateful, dtype=dtype), cache)


def share_content(source: LayerSource, cache: CacheSettings | None = None) -> FrozenBiLM:
    """The process's frozen biLM, or transformer, with this one's content: this one, or one that was shared before."""
    return _share((type(source), bilm_digest(source), cache), lambda: source, cache)


def share_object(bilm: LayerSource, cache: CacheSettings | None = None) -> FrozenBiLM:
    """The process's frozen biLM around this object, which is frozen, with these cache settings."""
    # As long as it is shared it lives, and nothing else has its id.
    return _share((id(bilm), cache), lambda: bilm, cache)


def _share(key: Hashable, make: Callable[[], LayerSource], cache: CacheSettings | None) -> FrozenBiLM:
    with _sharing:
        frozen = _shared.get(key)
        if frozen is None:
            frozen = _shared[key] = FrozenBiLM(make(), cache)
        return frozen

"""A frozen biLM that keeps the layers of sentences on disk."""

import hashlib
import logging
import sys
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np
import torch
from torch import Tensor

from elmo_tasks.bilm.batches import batches_by_length, windows
from elmo_tasks.bilm.identity import bilm_digest
from elmo_tasks.bilm.layers import BiLMOutput, LayerSource
from elmo_tasks.bilm.padding import pad_ids
from elmo_tasks.bilm.precision import DTYPES, wide
from elmo_tasks.bilm.store import Store, size_on_disk
from elmo_tasks.bilm.weights_mark import WeightsMark

logger = logging.getLogger(__name__)

DEFAULT_MAX_BYTES = 10 * 2**30

_FORMAT = 1
"""Raise it when entries come to mean something else, or when a biLM comes to give other layers."""

_BATCHES_A_REPORT = 1000
_WINDOW_TOKENS = 65536
"""Of a window that is sorted by length to be filled in: 26 MB of character ids."""

_FILL_SENTENCES, _FILL_TOKENS = 256, 4096
"""Of a batch that is filled in."""

_DIGEST_BYTES = 32
_KEY_BYTES = 16


class ActivationsError(ValueError):
    """The layers of a biLM cannot be kept as asked."""


@dataclass
class Counts:
    """What a cache's file was asked for so far. Sentences without tokens do not count."""

    file: Path
    batches: int = 0
    hits: int = 0
    misses: int = 0


class CachedBiLM:
    """
    A frozen, stateless biLM that keeps the layers of each sentence on disk, and runs only on sentences it has not seen.

    A file in the folder belongs to one biLM: it is named by a digest of its weights, its options, the precision it
    runs in and that of what is kept; and each sentence in it is found by a digest of all of that and of its
    character ids. So the cache of another biLM, or of another version of this one, is never taken for this one's.
    Several processes of one machine may use a folder at once. Whatever befalls the file costs time and no more, see
    `Store`. What one device has computed serves the others too. Threads may share a cache.

    A sentence's layers are rounded in the same way when they are computed and when they are read, so that it does not
    matter to a training whether the cache was there before.

    The log tells every 1000 batches, and at the end, how many sentences were found and how many computed.

    # Parameters

    bilm : `LayerSource`
        A `BiLM`, or a transformer.
    folder : `str` or `Path`
        `~` is the home folder.
    max_bytes : `int`
        The biLM's file grows no longer; then nothing more is kept, and what is there is still used. A token takes
        `num_layers * output_dim` numbers: 6 KB for the original biLM in float16, 1.5 KB for the small one, 20 KB for
        BERT's base size.
    dtype : `str`
        `"float16"` rounds the layers to 11 bits, a relative error of at most 0.0005; `"float32"` keeps them as they
        are. What comes out is float32 in both cases.

    # Raises

    `ActivationsError`
        If the biLM is stateful or trained, or a value makes no sense.
    """

    def __init__(
        self, bilm: LayerSource, folder: str | Path, max_bytes: int = DEFAULT_MAX_BYTES, dtype: str = "float16"
    ) -> None:
        if bilm.stateful:
            raise ActivationsError("A stateful biLM gives a sentence other layers each time: nothing can be kept.")
        if any(weight.requires_grad for weight in bilm.parameters()):
            raise ActivationsError("The biLM is trained, so that its layers change: nothing can be kept.")
        if dtype not in ("float16", "float32"):
            raise ActivationsError(f'Layers are kept in "float16" or "float32", not in "{dtype}".')
        if max_bytes <= 0:
            raise ActivationsError(f"max_bytes is {max_bytes}; it must be a positive number of bytes.")
        self.bilm = bilm
        self.folder = Path(folder).expanduser()
        self.max_bytes = max_bytes
        self.dtype = DTYPES[dtype]
        self._lock = Lock()
        self._open()
        self.counts = Counts(self.store.path)
        weakref.finalize(self, _report, self.counts)

    def _open(self) -> None:
        self._mark = WeightsMark(self.bilm)
        self._digest = _digest(self.bilm, self.dtype)
        self.store = Store(self.folder / f"layers-{self._digest.hex()[:32]}.sqlite", self.max_bytes)

    def __call__(self, character_ids: Tensor) -> BiLMOutput:
        """As `BiLM.forward`, but without gradients."""
        self._follow()
        ids = character_ids.cpu()
        # Shape: (batch, tokens of the output)
        mask = self.bilm.token_mask(ids)
        keys = self._keys(ids)
        rows = mask.any(dim=1).nonzero().squeeze(1).tolist()
        values = self.store.get([keys[row] for row in rows])
        shape = (len(mask), self.bilm.num_layers, mask.shape[1], self.bilm.output_dim)
        kept = torch.zeros(shape, dtype=self.dtype)
        arrays, is_token = kept.numpy(), mask.numpy()
        missing = [
            row
            for row, value in zip(rows, values, strict=True)
            if value is None or not _copy(value, arrays[row], is_token[row])
        ]
        self._count(len(rows) - len(missing), len(missing))
        # Shape: (batch, num_layers, tokens, output_dim)
        layers = kept.to(character_ids.device).to(wide(self.bilm.dtype))
        if missing:
            layers[missing] = self._compute(character_ids[missing], mask[missing], [keys[row] for row in missing])
        return BiLMOutput(layers, mask.to(character_ids.device))

    def fill(self, sentences: Iterable[Tensor]) -> Iterator[int]:
        """
        Keeps the layers of sentences before anybody asks for them. Batches are larger than a training's, and of
        sentences of like lengths: on a processor the biLM is some two times as fast as on batches of 32.

        Sentences that are there already, from a call that was killed perhaps, are passed over. It ends early where
        the file takes no more.

        # Parameters

        sentences : `Iterable[Tensor]`
            Character ids of each, shape `(tokens, 50)`. A window of them is in memory at a time.

        # Yields

        `int`
            How many sentences more are done, for a progress bar.
        """
        self._follow()
        for window in windows(sentences, len, _WINDOW_TOKENS):
            new = self._new(window)
            yield len(window) - len(new)
            for batch in batches_by_length(list(new.items()), _length, _FILL_SENTENCES, _FILL_TOKENS):
                if self.store.is_closed_to_more:
                    return
                # Shape: (batch, tokens, 50)
                ids = pad_ids([sentence for _, sentence in batch])
                self._compute(ids.to(self.bilm.device), self.bilm.token_mask(ids), [key for key, _ in batch])
                self._count(0, len(batch))
                yield len(batch)
        _report(self.counts)

    def _new(self, sentences: Sequence[Tensor]) -> dict[bytes, Tensor]:
        """By its key, each distinct sentence with tokens that is not there yet."""
        by_key = {self._keys(ids.unsqueeze(0))[0]: ids for ids in sentences if ids.any()}
        lacking = self.store.lacking(by_key)
        return {key: ids for key, ids in by_key.items() if key in lacking}

    def _follow(self) -> None:
        with self._lock:
            if not self._mark.holds(self.bilm):
                # Another device, most often, which does not change the digest.
                self._open()
                self.counts.file = self.store.path

    def _keys(self, ids: Tensor) -> list[bytes]:
        """Each sentence's key, whatever its padding."""
        # Shape: (batch, tokens)
        mask = (ids != 0).any(dim=2).numpy()
        keys = (self.bilm.sentence_key(tokens[is_token]) for tokens, is_token in zip(ids.numpy(), mask, strict=True))
        return [hashlib.blake2b(key, digest_size=_KEY_BYTES, key=self._digest).digest() for key in keys]

    def _compute(self, character_ids: Tensor, mask: Tensor, keys: list[bytes]) -> Tensor:
        """The layers of these sentences, rounded as those that are kept; shape `(batch, layers, tokens, dim)`."""
        with torch.no_grad(), torch.autocast(character_ids.device.type, enabled=False):
            layers = self.bilm(character_ids).layers
        rounded = layers.to(self.dtype)
        back = rounded.to(layers.dtype)
        # Half precision ends at 65504. What lies beyond is not kept, and not rounded. (isfinite of all of it takes as
        # long as all the rest here.)
        fits = back.flatten(start_dim=1).abs().amax(dim=1).isfinite()
        arrays = rounded.cpu().numpy()
        self.store.put(
            {
                key: array[:, is_token].tobytes()
                for key, array, is_token, fit in zip(keys, arrays, mask.numpy(), fits.tolist(), strict=True)
                if fit
            }
        )
        return back if fits.all() else torch.where(fits.view(-1, 1, 1, 1), back, layers)

    def _count(self, hits: int, misses: int) -> None:
        with self._lock:
            self.counts.batches += 1
            self.counts.hits += hits
            self.counts.misses += misses
        if self.counts.batches % _BATCHES_A_REPORT == 0:
            _report(self.counts)


def _length(entry: tuple[bytes, Tensor]) -> int:
    return len(entry[1])


def _copy(value: bytes, layers: np.ndarray, is_token: np.ndarray) -> bool:
    """
    Puts a sentence's value to where its tokens are.

    # Parameters

    value : `bytes`
        Shape `(num_layers, number of tokens, dim)`.
    layers : `np.ndarray`
        Shape `(num_layers, tokens, dim)`.
    is_token : `np.ndarray`
        Shape `(tokens,)`.

    # Returns

    `bool`
        Whether the value has the right length.
    """
    number = int(is_token.sum())
    if len(value) != layers.shape[0] * number * layers.shape[2] * layers.itemsize:
        return False
    array = np.frombuffer(value, dtype=layers.dtype).reshape(len(layers), number, layers.shape[2])
    # Padding stands behind the tokens, almost always; slices are copied faster.
    layers[:, slice(number) if is_token[:number].all() else is_token] = array
    return True


def _digest(bilm: LayerSource, dtype: torch.dtype) -> bytes:
    """Of all that a sentence's layers depend on beside the sentence, and of how they are kept."""
    said = (_FORMAT, sys.byteorder, type(bilm).__qualname__, bilm_digest(bilm), dtype)
    return hashlib.blake2b(repr(said).encode(), digest_size=_DIGEST_BYTES).digest()


def _report(counts: Counts) -> None:
    if not counts.batches:
        return
    message = "Activations cache %s: %d sentences found and %d computed in %d batches; %.1f MB on disk."
    logger.info(message, counts.file, counts.hits, counts.misses, counts.batches, size_on_disk(counts.file) / 1e6)

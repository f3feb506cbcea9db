"""The k nearest of whatever is offered."""

import heapq
from typing import Generic, TypeVar

T = TypeVar("T")


class NeighborsError(ValueError):
    """There is no such occurrence or layer."""


class Nearest(Generic[T]):
    """
    The k nearest of all that were offered, each once.

    # Parameters

    k : `int`
    """

    def __init__(self, k: int) -> None:
        if k < 1:
            raise NeighborsError(f"There cannot be {k} nearest; 1 is the least.")
        self._k = k
        # The farthest is first; of equals the latest.
        self._heap: list[tuple[float, int]] = []
        self._values: dict[int, tuple[object, T]] = {}
        self._keys: set[object] = set()
        self._offered = 0

    def wants(self, cosine: float) -> bool:
        """Whether something so near would be kept."""
        return len(self._heap) < self._k or cosine > self._heap[0][0]

    def offer(self, cosine: float, key: object, value: T) -> None:
        """Keeps the value if it is near enough and nothing with its key is kept already."""
        if not self.wants(cosine) or key in self._keys:
            return
        self._offered += 1
        heapq.heappush(self._heap, (cosine, -self._offered))
        self._values[self._offered] = (key, value)
        self._keys.add(key)
        if len(self._heap) > self._k:
            _, number = heapq.heappop(self._heap)
            old_key, _ = self._values.pop(-number)
            self._keys.remove(old_key)

    def best(self) -> list[tuple[float, T]]:
        """The nearest first; of equals the one that was offered first."""
        return [(cosine, self._values[-number][1]) for cosine, number in sorted(self._heap, reverse=True)]

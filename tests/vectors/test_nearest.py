import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elmo_tasks.vectors.nearest import Nearest, NeighborsError


@settings(max_examples=50)
@given(
    offers=st.lists(st.tuples(st.integers(-3, 3).map(lambda value: value / 3), st.integers(0, 20)), max_size=30),
    k=st.integers(1, 5),
)
def test_the_k_nearest(offers: list[tuple[float, int]], k: int) -> None:
    # The same key always has the same cosine.
    cosines = dict(reversed([(key, cosine) for cosine, key in offers]))
    nearest = Nearest[int](k)
    for _, key in offers:
        nearest.offer(cosines[key], key, key)
    # Python's sort keeps equals in their order.
    expected = sorted(dict.fromkeys(key for _, key in offers), key=lambda key: -cosines[key])[:k]
    assert nearest.best() == [(cosines[key], key) for key in expected]


def test_less_than_one_neighbour_cannot_be() -> None:
    with pytest.raises(NeighborsError, match="cannot be 0 nearest"):
        Nearest[str](0)

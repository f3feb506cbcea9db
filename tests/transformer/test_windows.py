import pytest

from elmo_tasks.transformer.windows import windows_of


@pytest.mark.parametrize("room", [2, 3, 4, 7, 10])
@pytest.mark.parametrize("pieces", [*range(1, 31), 57, 100])
def test_each_piece_comes_from_where_it_is_farthest_from_an_edge(pieces: int, room: int) -> None:
    windows = windows_of(pieces, room)
    assert all(window.stop - window.start == min(room, pieces) for window in windows)
    assert [piece for window in windows for piece in range(window.first, window.behind)] == list(range(pieces))

    def from_edge(number: int, piece: int) -> int:
        start, stop = windows[number][:2]
        return min(piece - start, stop - 1 - piece) if start <= piece < stop else -1

    for number, window in enumerate(windows):
        for piece in range(window.first, window.behind):
            distances = [from_edge(other, piece) for other in range(len(windows))]
            assert distances.index(max(distances)) == number


def test_windows_by_hand() -> None:
    assert windows_of(9, 4) == [(0, 4, 0, 3), (2, 6, 3, 5), (4, 8, 5, 7), (5, 9, 7, 9)]
    assert windows_of(4, 4) == [(0, 4, 0, 4)]
    assert windows_of(5000, None) == [(0, 5000, 0, 5000)]
    assert windows_of(0, 4) == windows_of(0, None) == []

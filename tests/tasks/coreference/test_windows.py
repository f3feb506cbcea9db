import torch

from elmo_tasks.tasks.coreference.windows import read_part, read_windows


def test_a_document_is_read_whole_or_in_part() -> None:
    assert read_part(7, None) == read_part(7, 7) == read_part(7, 8) == (0, 7)
    parts = {read_part(4, 2) for _ in range(100)}
    assert parts == {(0, 2), (1, 3), (2, 4)}


def test_sentences_of_all_documents_stand_one_above_another() -> None:
    # Two documents, of three sentences and of one.
    ids = torch.tensor([[[1, 2, 3], [4, 0, 0], [5, 6, 0]], [[7, 8, 0], [0, 0, 0], [0, 0, 0]]])
    text, windows = read_windows({"tokens": {"tokens": ids}}, None)
    assert text["tokens"]["tokens"].tolist() == [[1, 2, 3], [4, 0, 0], [5, 6, 0], [7, 8, 0]]
    assert [(window.first, window.lengths.tolist()) for window in windows] == [(0, [3, 1, 2]), (0, [2])]


def test_a_window_is_sentences_in_a_row() -> None:
    ids = torch.tensor([[[1, 2], [3, 0], [4, 5]], [[6, 0], [0, 0], [0, 0]]])
    for _ in range(20):
        text, (window, other) = read_windows({"tokens": {"tokens": ids}}, 2)
        expected = ids[0, window.first : window.first + 2].tolist()
        assert text["tokens"]["tokens"].tolist() == [*expected, [6, 0]]
        assert window.lengths.tolist() == [[2, 1], [1, 2]][window.first]
        assert (other.first, other.lengths.tolist()) == (0, [1])

import itertools
import sys
from pathlib import Path

import pytest

from elmo_tasks.mixes import TrainedMix
from elmo_tasks.mixes.figure import FigureError, check_format, draw_mixes, luminance, write_picture


def mix(weights: list[float] | None, place: str = "input", layer: str | int | None = None) -> TrainedMix:
    return TrainedMix(place, "elmo.input._scalar_mix", weights, gamma=1.25, layer=layer, trained=True)


MIXES = [
    ("SQuAD", mix([0.125, 0.75, 0.125])),
    ("SQuAD", mix([0.5, 0.25, 0.25], "output")),
    ("NER", mix(None, layer="last")),
    ("SRL", mix([0.5, 0.5])),
]


def test_each_weight_is_in_its_cell() -> None:
    (axes,) = draw_mixes(MIXES).axes
    cells = {tuple(text.get_position()): text.get_text() for text in axes.texts}
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "SQuAD, input",
        "SQuAD, output",
        "NER, input",
        "SRL, input",
    ]
    columns = ["token\nlayer", "biLSTM\nlayer 1", "biLSTM\nlayer 2", r"$\gamma$"]
    assert [label.get_text() for label in axes.get_xticklabels()] == columns
    x, y = axes.get_xticks(), axes.get_yticks()
    assert [cells[x[column], y[0]] for column in range(4)] == ["0.12", "0.75", "0.12", "1.25"]
    assert [cells[x[column], y[1]] for column in range(4)] == ["0.50", "0.25", "0.25", "1.25"]
    assert cells[x[1], y[2]] == "last layer only, fixed"
    assert [cells.get((x[column], y[3])) for column in range(4)] == ["0.50", "0.50", None, "1.25"]


def test_it_can_be_read_in_grey() -> None:
    """The larger the darker; numbers contrast with their cells as WCAG 2 asks of large text, 3 to 1, and more."""
    weights = [number / 40 for number in range(41)]
    (axes,) = draw_mixes([("x", mix(weights))]).axes
    greys = [luminance(cell.get_facecolor()[0][:3]) for cell in axes.collections]
    assert all(lighter > darker for lighter, darker in itertools.pairwise(greys))
    numbers = [text for text in axes.texts if text.get_text() != "1.25"]
    for grey, text in zip(greys, numbers, strict=True):
        ink = {"black": 0.0, "white": 1.0}[text.get_color()]
        assert (max(grey, ink) + 0.05) / (min(grey, ink) + 0.05) > 4


def test_luminance_is_wcags() -> None:
    assert luminance((0, 0, 0)) == 0
    assert luminance((1, 1, 1)) == pytest.approx(1)
    # #777777 has a contrast of 4.48 with white, the well-known near miss.
    assert 1.05 / (luminance((0x77 / 255,) * 3) + 0.05) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(("suffix", "magic"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".PDF", b"%PDF")])
def test_formats(suffix: str, magic: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"mixes{suffix}"
    write_picture(MIXES, path)
    assert path.read_bytes().startswith(magic)
    assert list(tmp_path.iterdir()) == [path]


def test_other_formats_are_refused() -> None:
    with pytest.raises(FigureError, match=r"must end with one of \.png, \.svg, \.pdf"):
        check_format("mixes.jpeg")


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(FigureError, match="pip install matplotlib"):
        draw_mixes(MIXES)

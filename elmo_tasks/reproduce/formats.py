"""How numbers are written."""

from elmo_tasks.reproduce.document import NOTHING
from elmo_tasks.reproduce.published import Published


def paper_figure(paper: Published | None) -> str:
    """As the paper prints it: `"92.22 ± 0.10 (+2.06; 21 %)"`."""
    if paper is None:
        return NOTHING
    text = as_printed(paper.value)
    if paper.deviation is not None:
        text += f" ± {as_printed(paper.deviation, text)}"
    if paper.gain is None:
        return text
    return f"{text} (+{paper.gain:g}; {paper.error_reduction:g} %)"


def as_printed(value: float, like: str = "0.0") -> str:
    """With one decimal, or two where it needs them, or where `like` has them."""
    digits = max(len(like.partition(".")[2]), len(f"{value:g}".partition(".")[2]))
    return f"{value:.{digits}f}"


def signed(value: float | None) -> str:
    """Points with their sign."""
    return NOTHING if value is None else f"{_unsigned_zero(value, 2):+.2f}"


def percent(value: float | None) -> str:
    """Of a part in 0..1."""
    return NOTHING if value is None else f"{_unsigned_zero(100 * value, 1):.1f} %"


def _unsigned_zero(value: float, digits: int) -> float:
    """Rounded, and never -0."""
    return round(value, digits) + 0.0


def p_value(value: float | None) -> str:
    """With three digits."""
    if value is None:
        return NOTHING
    return "< 0.001" if value < 0.001 else f"{value:.3f}"

"""Values from configs, options and scripts: each has its type and its range, or an error names it."""

from numbers import Integral, Real


def check_flag(error: type[Exception], **values: object) -> None:
    """
    # Parameters

    error : `type[Exception]`
        Is raised with the name of the first value that is neither true nor false: `"false"` and 1 are not.
    values : `object`
        By name.
    """
    for name, value in values.items():
        if not isinstance(value, bool):
            raise error(f"{_said(name, value)} true or false.")


def check_count(
    error: type[Exception], least: int = 1, most: int | None = None, optional: bool = False, **values: object
) -> None:
    """
    # Parameters

    error : `type[Exception]`
        Is raised with the name of the first value that is no whole number, or out of the range: 2.0 and true are none.
    least, most : `int`
        The range's ends, which belong to it.
    optional : `bool`
        Whether a value may be None.
    values : `object`
        By name.
    """
    for name, value in values.items():
        if value is None and optional:
            continue
        whole = isinstance(value, Integral) and not isinstance(value, bool)
        if not (whole and least <= value and (most is None or value <= most)):  # type: ignore[operator]
            kind = f"a whole number, {_range(least, most)}{', or null' if optional else ''}"
            raise error(f"{_said(name, value)} {kind}.")


def check_number(error: type[Exception], least: float, most: float, **values: object) -> None:
    """
    # Parameters

    error : `type[Exception]`
        Is raised with the name of the first value that is no number from `least` to `most`: NaN, true and "1" are none.
    least, most : `float`
        The range's ends, which belong to it.
    values : `object`
        By name.
    """
    for name, value in values.items():
        number = isinstance(value, Real) and not isinstance(value, bool)
        if not (number and least <= value <= most):  # type: ignore[operator]
            raise error(f"{_said(name, value)} a number, {_range(least, most)}.")


def _said(name: str, value: object) -> str:
    return f"{name} is {repr(value)[:100]}; it must be"


def _range(least: float, most: float | None) -> str:
    return f"{least} or more" if most is None else f"{least} to {most}"

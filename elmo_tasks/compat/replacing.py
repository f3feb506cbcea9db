"""Putting a function of ours into the place of one of AllenNLP's, once, whatever is imported again."""

from typing import Any


def replacement(function: Any, stock: Any) -> Any:
    """A function for the place of stock's, which it remembers."""
    function.stock = stock
    return function


def stock_of(function: Any) -> Any:
    """Stock's function, also where ours is in its place already because this package is imported again."""
    return getattr(function, "stock", function)

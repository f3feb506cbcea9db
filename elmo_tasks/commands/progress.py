"""Progress bars of the commands that need no AllenNLP; on the standard error."""

import sys
from typing import Any

try:
    from tqdm import tqdm
except ModuleNotFoundError:
    tqdm = None


class _Lines:
    """The standard error, with a line for each state of the bar."""

    def write(self, text: str) -> None:
        if state := text.strip():
            sys.stderr.write(f"{state}\n")

    def flush(self) -> None:
        sys.stderr.flush()


class _NoBar:
    """What there is without tqdm, which comes with AllenNLP: nothing is shown."""

    def __enter__(self) -> "_NoBar":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def update(self, number: int = 1) -> None:
        """Counts nothing."""


def progress_bar(in_lines: bool = False, **settings: Any) -> Any:
    """
    A bar that counts in thousands and millions, where tqdm is installed.

    # Parameters

    in_lines : `bool`
        Whether each state is a line of its own, as a file wants it, and there are fewer of them.
    settings : `Any`
        For `tqdm.tqdm`.
    """
    if tqdm is None:
        return _NoBar()
    if in_lines:
        settings |= {"file": _Lines(), "mininterval": 2.0}
    return tqdm(unit_scale=True, **settings)

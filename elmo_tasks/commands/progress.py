"""Progress bars of the commands that need no AllenNLP; on the standard error."""

import sys
from typing import Any

from tqdm import tqdm


class _Lines:
    """The standard error, with a line for each state of the bar."""

    def write(self, text: str) -> None:
        if state := text.strip():
            sys.stderr.write(f"{state}\n")

    def flush(self) -> None:
        sys.stderr.flush()


def progress_bar(in_lines: bool = False, **settings: Any) -> tqdm:
    """
    A bar that counts in thousands and millions.

    # Parameters

    in_lines : `bool`
        Whether each state is a line of its own, as a file wants it, and there are fewer of them.
    settings : `Any`
        For `tqdm.tqdm`.
    """
    if in_lines:
        settings |= {"file": _Lines(), "mininterval": 2.0}
    return tqdm(unit_scale=True, **settings)

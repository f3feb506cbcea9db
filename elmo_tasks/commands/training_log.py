"""Where the log of a training goes."""

import argparse
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def log_in_the_run(args: argparse.Namespace) -> Iterator[None]:
    """
    Around a training, which prints its log to the standard output besides writing it to the run's out.log: here it
    prints it with `--verbose` only.
    """
    from allennlp.common import logging as common_logging

    prepare = common_logging.prepare_global_logging

    def prepare_and_silence(*args: Any, **kwargs: Any) -> None:
        prepare(*args, **kwargs)
        for handler in logging.getLogger().handlers:
            if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stdout:
                handler.setLevel(logging.ERROR)

    if not getattr(args, "verbose", False):
        common_logging.prepare_global_logging = prepare_and_silence
    try:
        yield
    finally:
        common_logging.prepare_global_logging = prepare

"""
The command `predict`, and the predictions that `evaluate` writes.

What it mends: what people trip over in AllenNLP 2.10.1.
How one sees it: an input file that is empty, as the answers were to be written there; the JSON parser's `line 1` for
an error in any line; a byte order mark that is no JSON; `\\u00e9` where there is an é.
Until when: as long as AllenNLP is used.
"""

import json
import locale
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, BinaryIO

from allennlp.commands import predict
from allennlp.commands.predict import _PredictManager
from allennlp.common.checks import ConfigurationError
from allennlp.common.file_utils import cached_path
from allennlp.common.util import JsonDict
from allennlp.evaluation.serializers import serializers
from allennlp.predictors import Predictor

from elmo_tasks.compat.evaluating import check_other_file
from elmo_tasks.compat.replacing import replacement, stock_of
from elmo_tasks.files import open_bytes, text_lines


def apply() -> None:
    """Applies all of it."""
    keep_inputs()
    name_bad_lines()
    write_letters_as_they_are()


def keep_inputs() -> None:
    """
    Has `allennlp predict` write over no file that it reads.

    What broke: it empties the file for its answers before it reads its input, which may be the same file.
    With which version: any.
    When it can go: not while AllenNLP is used.
    """
    begin = stock_of(_PredictManager.__init__)

    def __init__(
        self: _PredictManager, predictor: Predictor, input_file: str, output_file: str | None, *args: Any, **kwargs: Any
    ) -> None:
        if output_file is not None:
            check_other_file(output_file, [input_file])
        begin(self, predictor, input_file, output_file, *args, **kwargs)

    _PredictManager.__init__ = replacement(__init__, begin)  # type: ignore[method-assign]


def name_bad_lines() -> None:
    """
    Has `allennlp predict` say which line of its input a predictor cannot read, or is not UTF-8, and pass over a byte
    order mark.

    What broke: nothing; stock's error is the JSON parser's, which says "line 1" of whatever line it was.
    With which version: any.
    When it can go: not while AllenNLP is used.
    """

    def get_json_data(self: _PredictManager) -> Iterator[JsonDict]:
        name = "The standard input" if self._input_file == "-" else self._input_file
        with _opened(self._input_file) as file:
            for number, line in text_lines(file, name, ConfigurationError):
                if line.strip():
                    # For predictors that name the line themselves; they count no blank lines.
                    self._predictor.lines_read = number - 1  # type: ignore[attr-defined]
                    yield _loaded(self._predictor, line, number)

    _PredictManager._get_json_data = get_json_data  # type: ignore[method-assign]


def _opened(input_file: str) -> AbstractContextManager[BinaryIO]:
    if input_file == "-":
        return nullcontext(sys.stdin.buffer)
    return open_bytes(cached_path(input_file), input_file)


def _loaded(predictor: Predictor, line: str, number: int) -> JsonDict:
    try:
        return predictor.load_line(line)
    except (ValueError, RecursionError) as error:
        what = str(error)
        # AllenNLP's own predictors read nothing but JSON, for which the parser's "Expecting value" is a riddle.
        if isinstance(error, json.JSONDecodeError):
            what = f"this is not JSON: {error.msg}, at column {error.colno}"
        raise ConfigurationError(f"Line {number} cannot be read: {what}. It begins: {line.strip()[:200]}") from error


def write_letters_as_they_are() -> None:
    """
    Has `predict` and `evaluate` write letters beyond ASCII as they are, where the output can hold them, and not as
    `\\u00e9`: in answers, in inputs that `predict` repeats on the console, and in `--predictions-output-file`.

    What broke: nothing; both are JSON, and people read the one.
    With which version: any.
    When it can go: not while AllenNLP is used.
    """
    Predictor.dump_line = lambda self, outputs: readable(outputs) + "\n"  # type: ignore[method-assign]
    for module in (predict, serializers):
        module.json = _ReadableJSON  # type: ignore[attr-defined]


def readable(value: Any) -> str:
    """JSON with letters as they are; escaped where what AllenNLP writes to cannot hold them."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        # AllenNLP opens its output in this encoding. No encoding has lone surrogates.
        text.encode(locale.getpreferredencoding(False))
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


class _ReadableJSON:
    """Stands for the module `json` in modules that write answers."""

    loads = staticmethod(json.loads)
    dumps = staticmethod(readable)

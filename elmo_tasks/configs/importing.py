"""
`import 'elmo.libsonnet'` in any config, wherever it is, as soon as this plugin is loaded.

Importing this module has AllenNLP look for what a config imports in this package's folder of libraries too. It looks
there last: a file beside the config that imports it comes first, as ever. A byte order mark before a config, which
some editors write and jsonnet does not read, is passed over.
"""

from pathlib import Path
from typing import Any

import _jsonnet
from allennlp.common import params
from allennlp.common.checks import ConfigurationError

from elmo_tasks.files import read_text

_LIBRARIES = str(Path(__file__).parent)


def evaluate_file(filename: str, **arguments: Any) -> str:
    """
    As `_jsonnet.evaluate_file`: a jsonnet file as JSON.

    # Raises

    `ConfigurationError`
        If the file is not UTF-8.
    """
    return evaluate_snippet(filename, read_text(filename, ConfigurationError), **arguments)


def evaluate_snippet(filename: str, snippet: str, **arguments: Any) -> str:
    """As `_jsonnet.evaluate_snippet`: jsonnet as JSON, with imports from where the file of that name would be."""
    return _jsonnet.evaluate_snippet(str(filename), snippet.removeprefix("\ufeff"), **_with_libraries(arguments))


def _with_libraries(arguments: dict[str, Any]) -> dict[str, Any]:
    given = arguments.get("jpathdir", [])
    # Jsonnet begins with the last one.
    return {**arguments, "jpathdir": [_LIBRARIES, *([given] if isinstance(given, str) else given)]}


params.evaluate_file = evaluate_file
params.evaluate_snippet = evaluate_snippet

"""
`import 'elmo.libsonnet'` in any config, wherever it is, as soon as this plugin is loaded.

Importing this module has AllenNLP look for what a config imports in this package's folder of libraries too. It looks
there last: a file beside the config that imports it comes first, as ever.
"""

from pathlib import Path
from typing import Any

import _jsonnet
from allennlp.common import params

_LIBRARIES = str(Path(__file__).parent)


def evaluate_file(filename: str, **arguments: Any) -> str:
    """As `_jsonnet.evaluate_file`: a jsonnet file as JSON."""
    return _jsonnet.evaluate_file(filename, **_with_libraries(arguments))


def evaluate_snippet(filename: str, snippet: str, **arguments: Any) -> str:
    """As `_jsonnet.evaluate_snippet`: jsonnet as JSON, with imports from where the file of that name would be."""
    return _jsonnet.evaluate_snippet(filename, snippet, **_with_libraries(arguments))


def _with_libraries(arguments: dict[str, Any]) -> dict[str, Any]:
    given = arguments.get("jpathdir", [])
    # Jsonnet begins with the last one.
    return {**arguments, "jpathdir": [_LIBRARIES, *([given] if isinstance(given, str) else given)]}


params.evaluate_file = evaluate_file
params.evaluate_snippet = evaluate_snippet

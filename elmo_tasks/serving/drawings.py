"""
How the page draws what each predictor answers: the table to which a new task adds a line.

A shape is a function of `page.html` that draws the answers of one form. A predictor that is not in the table is served
too: its input is typed as JSON, and so is its answer shown.
"""

import json
from pathlib import Path
from typing import NamedTuple

from allennlp.common.checks import ConfigurationError
from allennlp.predictors import Predictor

EXAMPLES = Path(__file__).parent / "examples.json"
"""Inputs to try, by the predictors' names."""


class Drawing(NamedTuple):
    """
    What the page needs to know of a predictor.

    # Parameters

    shape : `str`
        One of `page.html`'s: `"tags"`, `"roles"`, `"chains"`, `"passage"`, `"labels"`, `"translations"` or `"json"`.
    fields : `tuple[str, ...]`
        The texts of the predictor's input, by their names there. None where the whole input is typed as JSON.
    hint : `str`
        What is to be said of how to write them, if anything.
    """

    shape: str
    fields: tuple[str, ...]
    hint: str = ""


DRAWINGS = {
    "elmo_tagger": Drawing("tags", ("sentence",)),
    "elmo_srl": Drawing("roles", ("sentence",)),
    "elmo_coref": Drawing("chains", ("text",)),
    "elmo_reading_comprehension": Drawing("passage", ("passage", "question")),
    "elmo_entailment": Drawing("labels", ("premise", "hypothesis")),
    "elmo_classifier": Drawing("labels", ("text",)),
    "elmo_sst": Drawing("labels", ("text",)),
    "elmo_relation_classifier": Drawing("labels", ("text",), "Mark the entities: <e1>fire</e1>, <e2>lightning</e2>."),
    "elmo_translator": Drawing("translations", ("source",)),
}
"""By the predictors' registered names."""

AS_JSON = Drawing("json", (), "This predictor's input, a JSON object.")


def name_of(predictor: Predictor) -> str | None:
    """The name in `DRAWINGS` by which the predictor, or a class that it is derived from, is registered."""
    for name in DRAWINGS:
        try:
            kind: type = Predictor.by_name(name)  # type: ignore[assignment]
        except ConfigurationError:
            # The line of a package that is not loaded.
            continue
        if isinstance(predictor, kind):
            return name
    return None


def examples_of(name: str | None) -> list[dict[str, str]]:
    """Inputs to try with the predictor of that name."""
    examples: dict[str | None, list[dict[str, str]]] = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    return examples.get(name, [])

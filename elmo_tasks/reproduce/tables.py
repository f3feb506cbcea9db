"""The paper's tables and figures as data, in the order of the report: what each compares, and what the paper says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from elmo_tasks.reproduce import published
from elmo_tasks.reproduce.errors import ReproductionError
from elmo_tasks.reproduce.probes.card import SENSES_ROW, TAGS_ROW
from elmo_tasks.reproduce.published import Published


@dataclass(frozen=True)
class Variant:
    """
    What stands in a row of a table once: the task without ELMo, or with ELMo in one of its forms.

    # Parameters

    name, title : `str`
    has_elmo : `bool`
        Whether it is a variant of the experiment's config with ELMo, or of the baseline.
    overrides : `Mapping[str, Any]`
        Fields of the config's `elmo_field`, such as `place`, and their values.
    fraction : `float`
        The part of the training set that is trained on.
    metric : `str | None`
        One of several that its runs have; by default the experiment's.
    """

    name: str
    title: str
    has_elmo: bool = True
    overrides: Mapping[str, Any] = field(default_factory=dict)
    fraction: float = 1.0
    metric: str | None = None


_RANDOM_WEIGHTS = {"weights": "random"}

BASELINE = Variant("baseline", "baseline", has_elmo=False)
ELMO = Variant("elmo", "ELMo")
LAST = Variant("last", "last layer only", overrides={"layers": "last"})
LAMBDA_1 = Variant("lambda-1", "all layers, λ = 1", overrides={"scalar_l2": 1})
LAMBDA_0_001 = Variant("lambda-0.001", "all layers, λ = 0.001", overrides={"scalar_l2": 0.001})
INPUT = Variant("input", "input only", overrides={"place": "input"})
BOTH = Variant("both", "input and output", overrides={"place": "both"})
OUTPUT = Variant("output", "output only", overrides={"place": "output"})
LAYERS = (
    Variant("layer-0", "token layer", metric="layer_0"),
    Variant("layer-1", "first layer", metric="layer_1"),
    Variant("layer-2", "second layer", metric="layer_2"),
)
MIX = Variant("mix", "mix of all layers", metric="mix")
RANDOM = tuple(
    replace(variant, name=f"random-{variant.name}", title=f"random weights, {variant.title}", overrides=_RANDOM_WEIGHTS)
    for variant in (*LAYERS, MIX)
)


@dataclass(frozen=True)
class PaperTable:
    """
    A table or figure of the paper that our runs make.

    # Parameters

    name, title : `str`
    split : `str`
        `"test"` or `"development"`: what the paper measures on.
    rows : `Sequence[str]`
        The paper's tasks, each one of `published.TASKS`; or those of a table that is of no such task.
    variants : `Sequence[Variant]`
    form : `str`
        How the report shows it: `"scores"`, a row a variant with the paper's figure and what differs from the baseline;
        `"curve"`, each variant at each of the profile's fractions of the training set; `"weights"`, the weights of the
        layers.
    paper : `Mapping[str, Mapping[str, Published]]`
        Task to variant to the paper's figure.
    about : `str`
        What else the paper says of it.
    """

    name: str
    title: str
    split: str
    rows: Sequence[str]
    variants: Sequence[Variant]
    form: str = "scores"
    paper: Mapping[str, Mapping[str, Published]] = field(default_factory=dict)
    about: str = ""


_ALL_ROWS = tuple(published.TASKS)
_THREE_ROWS = ("SQuAD", "SNLI", "SRL")

REPORTED = (
    PaperTable(
        "table1",
        "Table 1: without and with ELMo",
        "test",
        _ALL_ROWS,
        (BASELINE, ELMO),
        paper=published.TABLE_1,
    ),
    PaperTable(
        "table2",
        "Table 2: the last layer only, or all with a penalty λ on their weights",
        "development",
        _THREE_ROWS,
        (BASELINE, LAST, LAMBDA_1, LAMBDA_0_001),
        paper=published.TABLE_2,
    ),
    PaperTable(
        "table3",
        "Table 3: where ELMo goes",
        "development",
        _THREE_ROWS,
        (BASELINE, INPUT, BOTH, OUTPUT),
        paper=published.TABLE_3,
    ),
    PaperTable(
        "figure1",
        "Figure 1: how much data, and how many epochs",
        "development",
        ("SNLI", "SRL"),
        (BASELINE, ELMO),
        form="curve",
        about=published.FIGURE_1,
    ),
    PaperTable(
        "figure2",
        "Figure 2: the weights of the layers",
        "development",
        _ALL_ROWS,
        (BOTH,),
        form="weights",
        about=published.FIGURE_2,
    ),
    PaperTable(
        "table5",
        "Table 5: word senses by the nearest average of a layer",
        "test",
        (SENSES_ROW,),
        (BASELINE, *LAYERS),
        paper={SENSES_ROW: published.TABLE_5},
        about=published.OTHERS_5,
    ),
    PaperTable(
        "table6",
        "Table 6: parts of speech by a linear classifier of a layer",
        "test",
        (TAGS_ROW,),
        (BASELINE, *LAYERS, MIX, *RANDOM),
        paper={TAGS_ROW: published.TABLE_6},
        about=published.OTHERS_6,
    ),
)
"""In the order of the report."""

TABLES = {table.name: table for table in REPORTED}


def find_table(name: str) -> PaperTable:
    """Raises `ReproductionError` with the names that there are."""
    if name not in TABLES:
        raise ReproductionError(f'There is no table "{name}"; there are: {", ".join(TABLES)}.')
    return TABLES[name]


def table_variants(table: PaperTable, fractions: Sequence[float]) -> list[Variant]:
    """The table's variants; those of a curve at each of the fractions of the training set."""
    if table.form != "curve":
        return list(table.variants)
    return [
        replace(variant, fraction=fraction, name=f"{variant.name}-{fraction:g}")
        for fraction in fractions
        for variant in table.variants
    ]

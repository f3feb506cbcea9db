import pytest

from elmo_tasks.reproduce.errors import ReproductionError
from elmo_tasks.reproduce.tables import REPORTED, TABLES, find_table


def test_the_paper_has_a_figure_for_each_cell() -> None:
    for name in ("table1", "table2", "table3"):
        table = TABLES[name]
        assert list(table.paper) == list(table.rows)
        for figures in table.paper.values():
            variants = [variant.name for variant in table.variants]
            # Table 3 has no baseline; it is table 2's.
            assert list(figures) == (variants if name != "table3" else variants[1:])


def test_each_table_once() -> None:
    assert len(TABLES) == len(REPORTED)


def test_what_the_paper_says_of_layers_is_of_variants() -> None:
    for name in ("table5", "table6"):
        (figures,) = TABLES[name].paper.values()
        assert list(TABLES[name].paper) == list(TABLES[name].rows)
        assert set(figures) <= {variant.name for variant in TABLES[name].variants}


def test_unknown_names_are_said_with_those_there_are() -> None:
    with pytest.raises(ReproductionError, match='no table "table9"; there are: table1, table2'):
        find_table("table9")

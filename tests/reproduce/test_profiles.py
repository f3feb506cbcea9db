import pytest

from elmo_tasks.reproduce import published
from elmo_tasks.reproduce.errors import ReproductionError
from elmo_tasks.reproduce.profiles import PROFILES, find_profile, row_order
from elmo_tasks.reproduce.tables import TABLES


def test_tasks_of_a_table() -> None:
    profile = PROFILES["open"]
    assert [one.name for one in profile.chosen(TABLES["table3"])] == [
        "squad",
        "snli",
        "snli-glove",
        "srl-ewt-glove",
        "coref-ontogum-glove",
    ]
    assert len(profile.chosen(TABLES["table1"])) == len(profile.experiments) - 2
    assert [one.name for one in profile.chosen(TABLES["table5"])] == ["senses"]
    assert [one.name for one in profile.chosen(TABLES["table6"])] == ["pos-probe"]
    assert [one.name for one in profile.chosen(TABLES["table2"], ["ner-wikigold"])] == ["ner-wikigold"]


def test_names_are_one_experiments_in_each_profile() -> None:
    for profile in PROFILES.values():
        names = [experiment.name for experiment in profile.experiments]
        assert len(set(names)) == len(names)


def test_each_row_of_a_table_has_an_experiment() -> None:
    for profile in PROFILES.values():
        for table in TABLES.values():
            assert {experiment.row for experiment in profile.chosen(table)} >= set(table.rows)


def test_the_papers_rows_come_first() -> None:
    assert row_order()[: len(published.TASKS)] == list(published.TASKS)


def test_unknown_names_are_said_with_those_there_are() -> None:
    with pytest.raises(ReproductionError, match='no profile "large"; there are: paper, open, smoke'):
        find_profile("large")
    with pytest.raises(ReproductionError, match='"smoke" has no task "parsing"; it has: squad, snli, srl, ner'):
        PROFILES["smoke"].chosen(TABLES["table1"], ["parsing"])
    with pytest.raises(ReproductionError, match='table6 is of POS probe only, not of "ner"'):
        PROFILES["smoke"].chosen(TABLES["table6"], ["pos-probe", "ner"])

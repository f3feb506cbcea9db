from pathlib import Path

import pytest

from elmo_tasks.probing.sense_corpus import SensesError
from elmo_tasks.probing.wordnet import entry_of, first_senses


def test_the_smallest_number_of_an_entry(index: Path) -> None:
    assert first_senses(index) == {
        ("bank", "NOUN"): "bank%1:17:01::",
        # 2 is less than 10.
        ("bank", "VERB"): "bank%2:40:00::",
        # Of adjectives and their satellites together.
        ("close", "ADJ"): "close%5:00:00:near:00",
        ("close", "VERB"): "close%2:35:00::",
        ("river", "NOUN"): "river%1:17:00::",
        ("sit", "VERB"): "sit%2:35:00::",
    }


def test_a_sense_key_says_its_entry() -> None:
    assert entry_of("Savings_bank%1:14:00::") == ("savings_bank", "NOUN")
    assert entry_of("well%4:02:01::") == ("well", "ADV")


@pytest.mark.parametrize("key", ["bank", "bank%", "bank%6:00:00::", "%1:14:00::", "bank%11:00:00::", ""])
def test_what_is_no_sense_key(key: str) -> None:
    with pytest.raises(SensesError, match="is no sense key of WordNet"):
        entry_of(key)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("bank%1:14:00:: 08420278 2", "line 2: expected a sense key, an offset, the sense's number and a count: 'bank"),
        ("bank%1:14:00:: 08420278 x 20", "line 2: expected a sense key"),
        ("bank 08420278 1 20", 'line 2: "bank" is no sense key'),
    ],
)
def test_an_index_that_is_none(line: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "index.sense"
    path.write_text(f"sit%2:35:00:: 01543123 1 90\n{line}\n")
    with pytest.raises(SensesError, match=f"index.sense, {message}"):
        first_senses(path)

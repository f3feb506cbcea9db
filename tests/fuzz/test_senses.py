"""Texts with senses, their keys and an index: what is read is what another reader finds there."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from fuzz.test_readers import lines_of
from fuzzing import Chance, damaged, fuzz, write

from elmo_tasks.bilm import BiLM
from elmo_tasks.probing.sense_averages import SenseAverages, average_senses, read_averages
from elmo_tasks.probing.sense_corpus import SensesError, read_keys, read_sentences, sense_corpus
from elmo_tasks.probing.wordnet import first_senses
from tiny_bilms import TINY

FIXTURES = Path(__file__).parents[2] / "fixtures" / "senses"


def test_texts_with_senses(tmp_path: Path) -> None:
    path = tmp_path / "a.data.xml"
    whole = (FIXTURES / "dev.data.xml").read_bytes()

    def check(chance: Chance) -> None:
        content = damaged(whole, chance)
        write(path, content, chance)
        found = list(read_sentences(path))
        elements = ElementTree.fromstring(content).findall(".//sentence")
        assert [sentence.tokens for sentence in found] == [" ".join(one.itertext()).split() for one in elements]
        assert [[instance.id for instance in sentence.instances] for sentence in found] == [
            [instance.get("id") for instance in one.findall("instance")] for one in elements
        ]

    fuzz(check, SensesError, where=path.name)


def test_keys_and_index(tmp_path: Path) -> None:
    keys, index = tmp_path / "a.gold.key.txt", tmp_path / "index.sense"
    whole = [(FIXTURES / name).read_bytes() for name in ("dev.gold.key.txt", "index.sense")]

    def check(chance: Chance) -> None:
        content = damaged(whole[0], chance)
        write(keys, content, chance)
        found = [(identifier, *senses) for identifier, senses in read_keys(keys).items()]
        assert found == [tuple(line.split()) for line in lines_of(content) if line.strip()]
        content = damaged(whole[1], chance)
        write(index, content, chance)
        first = first_senses(index)
        assert set(first.values()) <= {line.split()[0] for line in lines_of(content) if line}

    fuzz(check, SensesError)


def test_averages(tmp_path: Path) -> None:
    path = tmp_path / "averages.hdf5"
    whole = average_senses(BiLM(TINY), sense_corpus(FIXTURES / "train.data.xml"), path)
    content = path.read_bytes()

    def check(chance: Chance) -> None:
        path.write_bytes(damaged(content, chance))
        _, found = read_averages(path)
        assert isinstance(found, SenseAverages)
        assert len(found.senses) == len(whole.senses)

    fuzz(check, SensesError, where=path.name)


@pytest.mark.parametrize("laughs", [9])
def test_entities_that_grow(laughs: int, tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(laughs))
    text = f'<!DOCTYPE corpus [<!ENTITY e0 "ha">{entities}]><corpus><sentence><wf>&e{laughs};</wf></sentence></corpus>'
    path = tmp_path / "a.data.xml"
    path.write_text(text)
    with pytest.raises(SensesError, match="this is not XML: "):
        list(read_sentences(path))

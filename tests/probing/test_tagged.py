import gzip
from pathlib import Path

import pytest

from elmo_tasks.probing.tagged import ProbeError, TaggedSentence, is_conllu, read_all_tagged

CONLLU = "# text = I ran\n1\tI\ti\tPRON\tPRP\t_\t2\tnsubj\t_\t_\n2\tran\trun\tVERB\tVBD\t_\t0\troot\t_\t_\n"
CONLL_2012 = "#begin document (a); part 000\na 0 0 I PRP * -\na 0 1 ran VBD * -\n\n#end document\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize(
    ("column", "tags"),
    [(None, ["PRON", "VERB"]), ("xpos", ["PRP", "VBD"]), ("deprel", ["nsubj", "root"]), ("feats", ["_", "_"])],
)
def test_any_column_of_conllu(column: str | None, tags: list[str], tmp_path: Path) -> None:
    path = write(tmp_path, "en.conllu.gz", CONLLU)
    assert read_all_tagged(path, column) == [TaggedSentence(["I", "ran"], tags)]


def test_any_column_of_conll(tmp_path: Path) -> None:
    path = write(tmp_path, "ner.txt", "\ufeffŞah X O\n🙂 Y B-PER\n\nz X O\n")
    assert read_all_tagged(path) == [TaggedSentence(["Şah", "🙂"], ["O", "B-PER"]), TaggedSentence(["z"], ["O"])]
    assert read_all_tagged(path, "1", most=1) == [TaggedSentence(["Şah", "🙂"], ["X", "Y"])]
    path = write(tmp_path, "a.gold_conll", CONLL_2012)
    assert read_all_tagged(path, "4", word_column=3) == [TaggedSentence(["I", "ran"], ["PRP", "VBD"])]


@pytest.mark.parametrize(
    ("name", "text", "column", "message"),
    [
        ("a.conllu", CONLLU, "pos", 'CoNLL-U has no column "pos"; it has id, form, lemma, upos, xpos'),
        ("a.conllu", CONLLU.replace("\t", " "), None, "a.conllu, line 2: 1 columns; CoNLL-U has 10"),
        ("a.txt", "a X\n", "upos", 'the column "upos" is no number'),
        ("a.txt", "a X\n\nb Y\n", "2", r"a.txt, line 1: there is no column 2 here, of 2"),
        ("a.txt", "a X\n\nb Y\n", "-3", r"a.txt, line 1: there is no column -3 here, of 2"),
        ("a.txt", "\n", None, "there is no sentence"),
    ],
)
def test_what_cannot_be_read(name: str, text: str, column: str | None, message: str, tmp_path: Path) -> None:
    with pytest.raises(ProbeError, match=message):
        read_all_tagged(write(tmp_path, name, text), column)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.conllu"
    path.write_bytes(CONLLU.encode() + b"\n1\t\xff")
    with pytest.raises(ProbeError, match=r"a\.conllu, line 5: this is not UTF-8"):
        read_all_tagged(path)
    path = tmp_path / "b.conllu.gz"
    path.write_bytes(gzip.compress(CONLLU.encode())[:-9])
    with pytest.raises(ProbeError, match=r"b\.conllu\.gz, after line \d: this is not gzip, or is damaged"):
        read_all_tagged(path)


def test_a_name_says_what_is_conllu() -> None:
    names = ["a.conllu", "a.conllu.gz", "a.conllu.xz", "a.conll", "conllu", "a.conllu.old.txt"]
    assert [is_conllu(Path(name)) for name in names] == [True] * 3 + [False] * 3

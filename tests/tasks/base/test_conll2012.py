import gzip
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pytest
from allennlp.common.checks import ConfigurationError
from hypothesis import given
from hypothesis import strategies as st

from elmo_tasks.tasks.base.conll2012 import Document, Frame, Mention, read_documents, read_sentences

TEXT = """\
#begin document (bc/talk/00/talk_0001); part 000
bc/talk/00/talk_0001 0 0 Ann NNP (TOP(S(NP*) - - - Speaker#1 (PERSON) (ARG0*) * (3|(4)
bc/talk/00/talk_0001 0 1 has VBZ (VP* have 01 - Speaker#1 * (V*) * -
bc/talk/00/talk_0001 0 2 picked VBN (VP* pick 04 2 Speaker#1 * * (V* 3)
bc/talk/00/talk_0001 0 3 up RP (PRT*) - - - Speaker#1 * * *) -
bc/talk/00/talk_0001 0 4 her PRP$ (NP* - - - Speaker#1 * * (ARG1* (5|(4)
bc/talk/00/talk_0001 0 5 book NN *)))) - - - Speaker#1 * * *) 5)

bc/talk/00/talk_0001 0 0 Yes UH (TOP*) - - - Speaker#2 * -

#end document
#begin document (bc/talk/00/talk_0001); part 001
bc/talk/00/talk_0001 1 0 Oh UH (TOP*) - - - - * -
#end document
"""
# One sentence, a cell a token.
PREFIX = "d 0 0 word NN * - - - - *"


def write(folder: Path, text: str, name: str = "a.gold_conll") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def frame_of(folder: Path, cells: Sequence[str]) -> Frame:
    (sentence,) = read_sentences(write(folder, "".join(f"{PREFIX} {cell} -\n" for cell in cells)))
    (frame,) = sentence.frames()
    return frame


def mentions_of(folder: Path, cells: Sequence[str]) -> list[tuple[str, int, int]]:
    (sentence,) = read_sentences(write(folder, "".join(f"{PREFIX} {cell}\n" for cell in cells)))
    return [tuple(mention) for mention in sentence.mentions()]


def test_the_columns_of_a_sentence(tmp_path: Path) -> None:
    path = write(tmp_path, TEXT)
    first, second, third = read_sentences(path)
    assert first.words == ["Ann", "has", "picked", "up", "her", "book"]
    assert first.pos == ["NNP", "VBZ", "VBN", "RP", "PRP$", "NN"]
    assert first.column(5) == ["(TOP(S(NP*)", "(VP*", "(VP*", "(PRT*)", "(NP*", "*))))"]
    assert first.lemmas == ["-", "have", "pick", "-", "-", "-"]
    assert first.speakers == ["Speaker#1"] * 6
    assert (first.file, [row.line for row in first.rows]) == (str(path), [2, 3, 4, 5, 6, 7])
    assert second.words == ["Yes"]
    assert third.words == ["Oh"]
    assert second.frames() == []
    assert second.mentions() == []


def test_frames_are_in_bio_with_the_predicates_first_token(tmp_path: Path) -> None:
    sentence = next(read_sentences(write(tmp_path, TEXT)))
    assert sentence.frames() == [
        Frame(1, ["B-ARG0", "B-V", "O", "O", "O", "O"]),
        Frame(2, ["O", "O", "B-V", "I-V", "B-ARG1", "I-ARG1"]),
    ]


def test_mentions_end_behind_their_last_token(tmp_path: Path) -> None:
    sentence = next(read_sentences(write(tmp_path, TEXT)))
    assert sentence.mentions() == [Mention("3", 0, 3), Mention("4", 0, 1), Mention("5", 4, 6), Mention("4", 4, 5)]


def test_documents_by_their_parts(tmp_path: Path) -> None:
    documents = list(read_documents(write(tmp_path, TEXT)))
    assert [(document.name, document.part) for document in documents] == [
        ("bc/talk/00/talk_0001", "000"),
        ("bc/talk/00/talk_0001", "001"),
    ]
    assert [len(document.sentences) for document in documents] == [2, 1]


def test_documents_without_begin_by_the_first_columns(tmp_path: Path) -> None:
    rows = ["d 0", "d 0", "d 1", "e 1"]
    text = "\n".join(f"{row} 0 word NN * - - - - * -\n" for row in rows)
    found = [(document.name, document.part, len(document.sentences)) for document in documents_of(tmp_path, text)]
    assert found == [("d", "0", 2), ("d", "1", 1), ("e", "1", 1)]


def test_comments_are_skipped(tmp_path: Path) -> None:
    (sentence,) = read_sentences(write(tmp_path, f"# newdoc\n{PREFIX} -\n# inside\n{PREFIX} -\n#\n"))
    assert [row.line for row in sentence.rows] == [2, 4]


def test_documents_may_be_called_the_same(tmp_path: Path) -> None:
    one = f"#begin document (d); part 0\n{PREFIX} -\n\n{PREFIX} -\n#end document\n"
    assert [len(document.sentences) for document in documents_of(tmp_path, one + one)] == [2, 2]
    assert [len(document.sentences) for document in documents_of(tmp_path, f"{one}{PREFIX} -\n")] == [2, 1]


def documents_of(folder: Path, text: str) -> list[Document]:
    return list(read_documents(write(folder, text)))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [" ", "     ", "\t"])
def test_however_separated(tmp_path: Path, end: str, separator: str) -> None:
    changed = "\n".join(line if line[:1] == "#" else line.replace(" ", separator) for line in TEXT.split("\n"))
    path = tmp_path / "changed"
    path.write_bytes(b"\xef\xbb\xbf" + changed.replace("\n", end).encode())
    assert [s.rows for s in read_sentences(path)] == [s.rows for s in read_sentences(write(tmp_path, TEXT))]


def test_a_folder_is_read_in_the_order_of_paths_and_compressed_files_too(tmp_path: Path) -> None:
    one = "d 0 0 {} NN * - - - - * -\n"
    write(tmp_path, one.format("b"), "x/2.v4_gold_conll")
    write(tmp_path, one.format("not"), "x/1.v4_auto_conll")
    write(tmp_path, one.format("c"), "y/0.gold_conll")
    write(tmp_path, "\x00\x05\x16\x07Mac OS X", "y/._0.gold_conll")
    (tmp_path / "x" / "1.gold_conll.gz").write_bytes(gzip.compress(one.format("a").encode()))
    assert [sentence.words for sentence in read_sentences(tmp_path)] == [["a"], ["b"], ["c"]]
    # Two files are two documents, though they call them the same.
    assert [len(document.sentences) for document in read_documents(tmp_path)] == [1, 1, 1]


@pytest.mark.parametrize(
    "word", ["👩‍👩‍👧", "a\u00a0b", "\u200b", "שלום", "İ", "北京", "\ufeff", "x" * 500, "(", "*", "#"]
)
def test_words_of_all_kinds(tmp_path: Path, word: str) -> None:
    (sentence,) = read_sentences(write(tmp_path, f"d 0 0 {word} NN * - - - - * -\n"))
    assert sentence.words == [word]


@pytest.mark.parametrize(
    ("cells", "tags"),
    [
        (["(V*)", "(C-V*)", "(ARG1*)"], ["B-V", "B-C-V", "B-ARG1"]),
        # Of arguments within one another the outermost.
        (["(ARG2(ARG1*", "*)", "*)", "(V*)"], ["B-ARG2", "I-ARG2", "I-ARG2", "B-V"]),
        (["(ARG2*", "(ARG1*)", "*)", "(V*)"], ["B-ARG2", "I-ARG2", "I-ARG2", "B-V"]),
        (["(ARG1*", "*)", "(ARG1*)", "(V*)"], ["B-ARG1", "I-ARG1", "B-ARG1", "B-V"]),
    ],
)
def test_arguments(tmp_path: Path, cells: list[str], tags: list[str]) -> None:
    assert frame_of(tmp_path, cells).tags == tags


@pytest.mark.parametrize(
    ("cells", "mentions"),
    [
        (["(1|(1", "1)", "1)"], [("1", 0, 3), ("1", 0, 2)]),
        (["(1", "(1)|1)"], [("1", 0, 2), ("1", 1, 2)]),
        (["(1", "1)|(2", "2)"], [("1", 0, 2), ("2", 1, 3)]),
        # The one that began later ends first, whatever stands first in a cell.
        (["(1", "1)|(1", "1)"], [("1", 0, 3), ("1", 1, 2)]),
        (["_", "*", "(10)"], [("10", 2, 3)]),
    ],
)
def test_mentions(tmp_path: Path, cells: list[str], mentions: list[tuple[str, int, int]]) -> None:
    assert mentions_of(tmp_path, cells) == mentions


@given(st.sets(st.tuples(st.integers(0, 2), st.integers(0, 5), st.integers(0, 5)), max_size=6))
def test_reads_the_mentions_that_were_written(
    tmp_path_factory: pytest.TempPathFactory, written: set[tuple[int, int, int]]
) -> None:
    spans = {(str(chain), min(one, other), max(one, other) + 1) for chain, one, other in written}
    # Mentions of one chain that cross one another cannot be told apart in this column.
    spans = {span for span in spans if not any(crosses(span, other) for other in spans)}
    cells = []
    for token in range(6):
        parts = [f"({chain})" for chain, start, end in spans if (start, end) == (token, token + 1)]
        parts += [f"({chain}" for chain, start, end in spans if start == token and end > token + 1]
        parts += [f"{chain})" for chain, start, end in spans if end == token + 1 and start < token]
        cells.append("|".join(parts) or "-")
    found = mentions_of(tmp_path_factory.mktemp("corpus"), cells)
    assert set(found) == spans
    assert len(found) == len(spans)


def crosses(one: tuple[str, int, int], other: tuple[str, int, int]) -> bool:
    (chain, start, end), (other_chain, other_start, other_end) = one, other
    return chain == other_chain and (start < other_start < end < other_end or other_start < start < other_end < end)


def test_streams(tmp_path: Path) -> None:
    sentences = read_sentences(write(tmp_path, "d 0 0 a NN * - - - - * -\n\nd 1 0 b NN * - - - - * -\n\nc\n"))
    assert [sentence.words for sentence in islice(sentences, 1)] == [["a"]]
    with pytest.raises(ConfigurationError, match="line 5"):
        list(sentences)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"a\.gold_conll: there is no sentence"),
        ("#begin document (x); part 0\n#end document\n", "there is no sentence"),
        ("d 0 0 word NN *\n", r"a\.gold_conll, line 1: expected 12 columns or more, found 6"),
        (f"{PREFIX} -\n{PREFIX} * -\n", "line 2: 13 columns, but line 1 of this sentence has 12"),
        (f"#begin document (x); part 0\n{PREFIX} -\n", "line 1: this document has no #end document"),
        (f"#begin document (x); part 0\n{PREFIX} -\n#begin document (y); part 0\n", "line 3: .* line 1 has not ended"),
        (
            f"#begin document x\n{PREFIX} -\n#end document\n",
            r"line 1: a document begins as .*, not \"#begin document x\"",
        ),
    ],
)
def test_mistakes_of_files(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        list(read_sentences(write(tmp_path, text)))


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "latin"
    path.write_bytes(PREFIX.replace("word", "é").encode("latin-1") + b" -\n")
    with pytest.raises(ConfigurationError, match="latin, line 1: this is not UTF-8"):
        list(read_sentences(path))


def test_a_folder_without_such_files(tmp_path: Path) -> None:
    write(tmp_path, TEXT, "x.conll")
    with pytest.raises(ConfigurationError, match=r"no file .* ends in gold_conll or gold_conll\.gz"):
        list(read_sentences(tmp_path))


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["*", "ARG0", "(V*)"], r'line 2: column 11 \(counted from 0\) has "ARG0"'),
        (["(ARG0*)", "*)", "(V*)"], r"line 2: column 11 \(.*\) ends an argument that has not begun"),
        (["(V*)", "(ARG0*", "*"], r"line 3: an argument in column 11 \(.*\) has not ended here"),
        (["(ARG0*)", "(C-V*)"], r"line 1: column 11 \(.*\) has no predicate"),
    ],
)
def test_mistakes_of_arguments(tmp_path: Path, cells: list[str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"a\.gold_conll, {message}"):
        frame_of(tmp_path, cells)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["-", "12"], 'line 2: the last column has "12"'),
        (["(1|"], 'line 1: the last column has "'),
        (["(1", "2)"], "line 2: a mention of chain 2 ends that has not begun"),
        (["(1", "(2", "1)"], "line 2: a mention of chain 2 begins and never ends"),
    ],
)
def test_mistakes_of_mentions(tmp_path: Path, cells: list[str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"a\.gold_conll, {message}"):
        mentions_of(tmp_path, cells)

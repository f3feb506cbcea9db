import pytest

from elmo_tasks.columns import Row, conll_sentences, conllu_sentences


class ColumnsError(ValueError):
    pass


def conll(text: str) -> list[list[Row]]:
    return list(conll_sentences(enumerate(text.split("\n"), 1), "file.txt", ColumnsError))


def conllu(text: str) -> list[list[Row]]:
    return list(conllu_sentences(enumerate(text.split("\n"), 1), "file.conllu", ColumnsError))


def word(identifier: str, form: str, tag: str = "X") -> str:
    return "\t".join([identifier, form, "_", tag, *"______"])


def forms(sentences: list[list[Row]]) -> list[list[str]]:
    return [[row.columns[1] for row in sentence] for sentence in sentences]


def test_conll_has_blank_lines_and_lines_between_documents() -> None:
    text = "-DOCSTART- -X- O\n\nThe\tDT\n cat  NN \n\n\n#begin document (a); part 000\nIt PRP\n#end document\nran VBD"
    assert conll(text) == [
        [Row(3, ["The", "DT"]), Row(4, ["cat", "NN"])],
        [Row(8, ["It", "PRP"])],
        [Row(10, ["ran", "VBD"])],
    ]


def test_conll_takes_only_spaces_and_tabs_for_separators() -> None:
    text = "a\u00a0b X\n\u200b X\n#begin X\nşğ\u2028 X"
    assert [row.columns[0] for row in conll(text)[0]] == ["a\u00a0b", "\u200b", "#begin", "şğ\u2028"]


def test_comments_of_conll_are_no_words() -> None:
    """Though they have as many columns as words."""
    text = "# id 55 domain=en\nsteve _ _ B-PER\n# _ _ O\n\n\n# id 5f-e\tdomain=en\n# id id id=O\njobs _ _ B-PER\n\n"
    text += "# sent_id = 3\n# text = a\na _ _ O\n\n# id 56 domain=en\n"
    assert conll(text) == [
        [Row(2, ["steve", "_", "_", "B-PER"]), Row(3, ["#", "_", "_", "O"])],
        [Row(8, ["jobs", "_", "_", "B-PER"])],
        [Row(12, ["a", "_", "_", "O"])],
    ]


@pytest.mark.parametrize(
    "word", ["# NN O O", "# id", "# = O", "# id O O", "#1 id 55 a=b", "# SYM Num=Yes O", "# O B=C D"]
)
def test_a_word_of_conll_may_be_a_number_sign(word: str) -> None:
    assert conll(word) == [[Row(1, word.split())]]
    # In a sentence all are words.
    inside = "# sent_id = 3"
    assert conll(f"a X Y Z\n{inside}") == [[Row(1, ["a", "X", "Y", "Z"]), Row(2, inside.split())]]


def test_sentences_of_conll_may_differ_in_their_columns() -> None:
    assert [len(sentence[0].columns) for sentence in conll("a X\n\nb X Y Z")] == [2, 4]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a X\nb", 'file.txt, line 2: expected a word and its tag, found only "b".'),
        ("a X\n\nb X Y\nc X", "file.txt, line 4: 2 columns, but line 3 has 3: ['c', 'X']."),
        ("-DOCSTART- O\n\n", "file.txt: there is no sentence in this file."),
    ],
)
def test_conll_that_is_none(text: str, message: str) -> None:
    with pytest.raises(ColumnsError) as raised:
        conll(text)
    assert str(raised.value) == message


def test_conllu_without_comments_ranges_and_empty_nodes() -> None:
    lines = ["# text = vámonos al mar", word("1-2", "vámonos"), word("1", "vamos"), word("2", "nos")]
    lines += [word("2.1", "elided"), word("3-4", "al"), word("3", "a"), word("4", "el"), word("5", "mar"), ""]
    lines += ["", word("0.1", "elided"), word("1", "#"), word("2", "10 000"), word("3", "🙂\u200d")]
    sentences = conllu("\n".join(lines))
    assert forms(sentences) == [["vamos", "nos", "a", "el", "mar"], ["#", "10 000", "🙂\u200d"]]
    assert [row.number for row in sentences[0]] == [3, 4, 7, 8, 9]
    assert sentences[1][1].columns[3] == "X"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# one\n1 The the DET", "file.conllu, line 2: 1 columns; CoNLL-U has 10, separated by single tabs."),
        (word("1", ""), 'file.conllu, line 1: form is empty; "_" stands for nothing.'),
        (
            word("1", "a") + "\n" + word("1", "b"),
            'file.conllu, line 2: the id is "1", and should be 2: words are counted from 1, and a blank line ends a '
            "sentence.",
        ),
        (word("x" * 99, "a"), f'file.conllu, line 1: the id is "{"x" * 20}", and should be 1: '),
        ("# text = nothing\n", "file.conllu: there is no sentence in this file."),
    ],
)
def test_conllu_that_is_none(text: str, message: str) -> None:
    with pytest.raises(ColumnsError) as raised:
        conllu(text)
    assert str(raised.value).startswith(message)

import random
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from elmo_tasks.tasks.base.conll2012 import Frame, Mention, read_sentences
from elmo_tasks.tasks.base.conll2012_writing import rows


def test_by_hand() -> None:
    written = rows(
        ["Ann", "has", "left", "her", "house"],
        [Frame(2, ["B-ARG0", "O", "B-V", "B-ARG1", "I-ARG1"])],
        [Mention("0", 0, 1), Mention("0", 3, 4), Mention("12", 3, 5)],
        "nw/a",
    )
    assert written.splitlines() == [
        "nw/a 0 0 Ann - - - - - - * (ARG0*) (0)",
        "nw/a 0 1 has - - - - - - * * -",
        "nw/a 0 2 left - - left 01 - - * (V*) -",
        "nw/a 0 3 her - - - - - - * (ARG1* (12|(0)",
        "nw/a 0 4 house - - - - - - * *) 12)",
        "",
    ]


def test_frames_keep_their_order_and_have_their_predicates(tmp_path: Path) -> None:
    frames = [
        Frame(3, ["O", "B-V", "O", "B-ARG1"]),
        Frame(1, ["B-ARG0", "I-ARG0", "I-ARG0", "O"]),
        Frame(0, ["B-V", "I-V", "O", "B-V"]),
        Frame(1, ["B-V", "I-V", "I-V", "O"]),
        Frame(2, ["B-ARG1", "I-ARG1", "O", "O"]),
    ]
    path = tmp_path / "a.gold_conll"
    path.write_text(rows(["Ann", "left", "and", "came"], frames), encoding="utf-8")
    (sentence,) = read_sentences(path)
    assert sentence.frames() == [
        # The predicate within an argument leaves that whole.
        frames[0]._replace(tags=["O", "O", "O", "B-ARG1"]),
        frames[1],
        Frame(0, ["B-V", "I-V", "O", "O"]),
        Frame(1, ["O", "B-V", "I-V", "O"]),
        Frame(2, ["B-ARG1", "I-ARG1", "B-V", "O"]),
    ]
    assert sentence.column(12) == ["(ARG0*", "(V*)", "*)", "*"]
    assert sentence.column(11) == ["*", "*", "*", "(ARG1(V*))"]


@given(st.integers(0, 2**32), st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=9))
def test_the_reader_reads_what_is_written(tmp_path_factory: object, seed: int, words: list[str]) -> None:
    chance = random.Random(seed)
    length = len(words)
    mentions = []
    for number in range(chance.randrange(6)):
        start = chance.randrange(length)
        one = Mention(str(number % 3), start, chance.randrange(start, length) + 1)
        if not any(crosses(one, other) for other in mentions):
            mentions.append(one)
    frames = []
    for _ in range(chance.randrange(3)):
        predicate = chance.randrange(length)
        tags = [f"B-A{number}" if chance.random() < 0.5 else "O" for number in range(length)]
        for place in range(1, length):
            if tags[place - 1] != "O" and chance.random() < 0.4:
                tags[place] = f"I-{tags[place - 1][2:]}"
        if tags[predicate] == "O" or chance.random() < 0.5:
            tags[predicate] = "B-V"
        frames.append(Frame(predicate, [fixed(tags, place) for place in range(length)]))
    path = tmp_path_factory.mktemp("columns") / "a.gold_conll"  # type: ignore[attr-defined]
    path.write_text(rows(words, frames, mentions), encoding="utf-8")
    (sentence,) = read_sentences(path)
    assert sentence.words == ["_".join(word.split()) or "_" for word in words]
    assert sentence.frames() == frames
    assert sorted(sentence.mentions()) == sorted(mentions)


def crosses(one: Mention, other: Mention) -> bool:
    """Or is the same."""
    return (
        one.start < other.start < one.end < other.end or other.start < one.start < other.end < one.end or one == other
    )


def fixed(tags: list[str], place: int) -> str:
    """An inside tag that follows another type begins one."""
    tag = tags[place]
    if tag.startswith("I-") and (place == 0 or tags[place - 1][2:] != tag[2:]):
        return f"B-{tag[2:]}"
    return tag


def test_strange_words_stay_one_column(tmp_path: Path) -> None:
    path = tmp_path / "a.gold_conll"
    path.write_text(rows(["New York", "\u200b", " ", "İ", "👩‍👩‍👧", "#"]), encoding="utf-8")
    (sentence,) = read_sentences(path)
    assert sentence.words == ["New_York", "\u200b", "_", "İ", "👩‍👩‍👧", "#"]

"""`elmo-score`, from its arguments to what it prints and writes."""

import gzip
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from allennlp.data import Vocabulary

from elmo_tasks.__main__ import main
from elmo_tasks.bilm import BiLM, BiLMOptions
from elmo_tasks.pretraining import LanguageModel
from elmo_tasks.pretraining.perplexity import load_language_model
from elmo_tasks.pretraining.scores import Scorer

OPTIONS = BiLMOptions(character_dim=4, filters=((1, 4), (2, 8)), num_highway=1, cell_dim=8, projection_dim=4).to_dict()

TEXT = "the cat saw\n\n\ufeffthe 東京 🙂\n"


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with random weights, as a training leaves it."""
    folder = tmp_path_factory.mktemp("run")
    vocab = Vocabulary()
    vocab.add_tokens_to_namespace(["the", "</S>", "<S>", "cat", "saw", "東京", "."], "words")
    vocab.save_to_files(str(folder / "vocabulary"))
    # Of a module's fixtures the random numbers are not set.
    torch.manual_seed(1)
    model = LanguageModel(vocab, OPTIONS)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    torch.save(model.state_dict(), folder / "best.th")
    config = {"model": {"type": "elmo_language_model", "options": OPTIONS}, "dataset_reader": {"type": "elmo_corpus"}}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture
def score(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Runs the command in an empty folder; gives what it prints."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["elmo-tasks", "elmo-score", str(run_folder), *arguments])
        main()
        return capsys.readouterr().out

    return call


def records(lines: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.splitlines()]


def test_each_line_has_its_score(score: Callable[..., str], run_folder: Path) -> None:
    Path("text.txt").write_text(TEXT, encoding="utf-8")
    found = records(score("text.txt"))
    expected = Scorer(load_language_model(str(run_folder))).scores(
        [["the", "cat", "saw"], [], ["\ufeffthe", "東京", "🙂"]]
    )
    lines = TEXT.splitlines()
    for number, (record, sentence, one) in enumerate(zip(found, lines, expected, strict=True), 1):
        assert record == {"file": "text.txt", "line": number, "sentence": sentence, **one.to_json()}
    assert [record["unknown"] for record in found] == [0, 0, 2]


def test_means_tokens_and_a_file(score: Callable[..., str]) -> None:
    with gzip.open("text.txt.gz", "wt", encoding="utf-8") as file:
        file.write(TEXT)
    (sums, *_) = records(score("text.txt.gz", "--by-token"))
    assert score("text.txt.gz", "--mean", "--output-file", "out/scores.jsonl") == "out/scores.jsonl: 3 lines.\n"
    (means, *_) = records(Path("out/scores.jsonl").read_text(encoding="utf-8"))
    assert means["together"] == pytest.approx(sums["together"] / 4, abs=1e-6)
    for direction in ("forward", "backward"):
        values = [token[direction] for token in sums["by_token"] if direction in token]
        assert len(values) == 4
        assert sum(values) == pytest.approx(sums[direction], abs=1e-5)


@pytest.mark.parametrize(
    ("options", "terminals", "is_shown"),
    [
        ([], ["stdout", "stderr"], False),
        ([], [], False),
        ([], ["stderr"], True),
        (["--output-file", "out.jsonl"], [], True),
    ],
)
def test_the_bar_is_not_among_the_lines(
    options: list[str],
    terminals: list[str],
    is_shown: bool,
    score: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("text.txt").write_text(TEXT, encoding="utf-8")
    errors = io.StringIO()
    monkeypatch.setattr(sys, "stderr", errors)
    for stream in ("stdout", "stderr"):
        monkeypatch.setattr(getattr(sys, stream), "isatty", lambda is_one=stream in terminals: is_one)
    score("text.txt", *options)
    assert ("tokens/s" in errors.getvalue()) == is_shown


def test_raw_text_from_the_standard_input(score: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    def scored(text: str, *options: str) -> dict[str, Any]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        (record,) = records(score("-", *options))
        return record

    split = scored("the cat saw .")
    assert split["file"] == "-"
    assert scored("the cat saw.")["tokens"] == 3
    for tokenizer in ("elmo_spacy_rules", '{"type": "elmo_spacy_rules", "language": "xx"}'):
        assert scored("the cat saw.", "--tokenizer", tokenizer) == {**split, "sentence": "the cat saw."}


def test_lone_surrogates_are_written_as_json_has_them(score: Callable[..., str]) -> None:
    Path("pairs.jsonl").write_text('{"sentence_good": "cat \\udc80", "sentence_bad": "🙂"}\n', encoding="utf-8")
    score("pairs.jsonl", "--pairs", "--output-file", "out.jsonl")
    line = Path("out.jsonl").read_text(encoding="utf-8")
    assert '"cat \\udc80"' in line
    assert "🙂" in line
    assert records(line)[0]["sentence_good"]["sentence"] == "cat \udc80"


def test_pairs(score: Callable[..., str]) -> None:
    """The pairs are made so that it is known which of them is the likelier."""
    sentences = ["the cat", "saw saw saw saw saw saw"]
    Path("text.txt").write_text("\n".join(sentences), encoding="utf-8")
    likelier, other = sentences
    totals = [record["together"] for record in records(score("text.txt"))]
    assert totals[0] > totals[1]
    pairs = [
        {"sentence_good": likelier, "sentence_bad": other, "UID": "zebra", "linguistics_term": "all_of_them"},
        {"sentence_good": other, "sentence_bad": likelier, "UID": "zebra", "linguistics_term": "all_of_them"},
        {"sentence_good": "cat 東京", "sentence_bad": "cat 東京", "UID": "ant", "linguistics_term": "all_of_them"},
        {"sentence_good": likelier, "sentence_bad": other},
    ]
    Path("blimp").mkdir()
    Path("blimp/some.jsonl").write_text("\n\n".join(map(json.dumps, pairs[:3])), encoding="utf-8")
    Path("blimp/others.jsonl").write_text(json.dumps(pairs[3]), encoding="utf-8")
    groups = ["--group-by", "UID", "--group-by", "linguistics_term"]
    printed = score("--pairs", "blimp", *groups, "--output-file", "out.jsonl")
    rows = [line.split() for line in printed.splitlines()]
    assert rows[0] == ["UID", "pairs", "forward", "backward", "together", "ties", "unknown"]
    # Each group's pairs, its share by both, its ties and its unknown tokens.
    assert [[row[0], row[1], *row[4:]] for row in rows[1:5]] == [
        ["ant", "1", "0.00%", "1", "0.00%"],
        ["others.jsonl", "1", "100.00%", "0", "0.00%"],
        ["zebra", "2", "50.00%", "0", "0.00%"],
        ["all", "4", "50.00%", "1", "0.00%"],
    ]
    assert [row[:2] for row in rows[5:]] == [
        [],
        ["linguistics_term", "pairs"],
        ["all_of_them", "3"],
        ["others.jsonl", "1"],
        ["all", "4"],
    ]
    written = records(Path("out.jsonl").read_text(encoding="utf-8"))
    assert [(record["file"], record["line"], record["UID"]) for record in written] == [
        ("blimp/others.jsonl", 1, "others.jsonl"),
        ("blimp/some.jsonl", 1, "zebra"),
        ("blimp/some.jsonl", 3, "zebra"),
        ("blimp/some.jsonl", 5, "ant"),
    ]
    # Other batch mates round the last digit otherwise.
    assert written[0]["sentence_good"]["together"] == pytest.approx(totals[0], abs=1e-5)
    assert written[0]["sentence_bad"]["sentence"] == other
    assert score("blimp", "--pairs").splitlines() == printed.splitlines()[:5]


def test_substitutes(score: Callable[..., str]) -> None:
    Path("text.txt").write_text("the ___ saw .\n東京 [X].\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=r'text\.txt, line 2: one place must be marked "___", and 0 are\.'):
        score("text.txt", "--substitutes", "--output-file", "out.jsonl")
    assert not Path("out.jsonl").exists()
    Path("text.txt").write_text("the [X] saw .\n東京 [X].\n", encoding="utf-8")
    options = ["--mark", "[X]", "--top", "2", "--tokenizer", "elmo_spacy_rules"]
    first, second = records(score("text.txt", "--substitutes", *options))
    assert (first["sentence"], second["line"]) == ("the [X] saw .", 2)
    for record in (first, second):
        assert len(record["substitutes"]) == 2
        assert {word["word"] for word in record["substitutes"]} < {"the", "cat", "saw", "東京", "."}
        likeliest, other = (word["probability"] for word in record["substitutes"])
        assert 1 > likeliest >= other > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["good.jsonl", "bad.jsonl", "--pairs"], r"elmo-score: bad\.jsonl, line 2: this is not JSON: .* column 2\."),
        (["bad.jsonl", "missing.txt"], 'elmo-score: "missing.txt" names no corpus file'),
        (["latin.txt"], r"elmo-score: latin\.txt, line 1: this is not UTF-8"),
        (["good.jsonl", "--substitutes", "--top", "0"], "elmo-score: There cannot be 0 likeliest words"),
        (
            ["good.jsonl", "--tokenizer", "nobody"],
            'elmo-score: --tokenizer: there is no "nobody"; there are: .*elmo_spacy_rules',
        ),
        (["good.jsonl", "--tokenizer", "{"], "elmo-score: --tokenizer { is not JSON"),
        (["good.jsonl", "--tokenizer", '{"language": "en"}'], 'its "type" is missing'),
    ],
)
def test_mistakes_leave_nothing_behind(arguments: list[str], message: str, score: Callable[..., str]) -> None:
    good = json.dumps({"sentence_good": "the cat", "sentence_bad": "cat the"})
    Path("good.jsonl").write_text(good + "\n")
    Path("bad.jsonl").write_text(f"{good}\n{{] \n")
    Path("latin.txt").write_bytes("café\n".encode("latin-1"))
    with pytest.raises(SystemExit, match=message):
        score(*arguments, "--output-file", "out.jsonl")
    assert not Path("out.jsonl").exists()


def test_a_bilm_without_its_softmax(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By name, or as the folder that a training exports it to."""
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text("the cat\n")
    BiLM(BiLMOptions.from_dict(OPTIONS)).save("bilm/options.json", "bilm/weights.hdf5")
    for bilm in ("mini", "bilm"):
        monkeypatch.setattr(sys, "argv", ["elmo-tasks", "elmo-score", bilm, "text.txt"])
        with pytest.raises(SystemExit, match=f"^elmo-score: {bilm} is a biLM without its softmax.*elmo-finetune.$"):
            main()

"""Whole texts as Parquet: what rows hold, by whom they are made, and what kills cost."""

import importlib.util
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from elmo_tasks.__main__ import main
from elmo_tasks.bilm import BiLM, BiLMFiles
from elmo_tasks.files import DiskFullError
from elmo_tasks.vectors import ElmoEmbedder
from elmo_tasks.vectors.dump import TextError
from elmo_tasks.vectors.parquet import EmbeddedText, Engine, ParquetError, embed
from elmo_tasks.vectors.parquet.embedding import BiLMChoice, PartEmbedder
from elmo_tasks.vectors.parquet.folder import is_whole, part_path
from elmo_tasks.vectors.parquet.plan import Plan, chosen_layers, make_plan
from elmo_tasks.vectors.parquet.workers import _told, _without_interrupts

ROOT = Path(__file__).parents[3]
ODD = ["👩‍💻 a\u200bb", "", "שלום עולם", "İstanbul IŞIK", "我 喜欢", "y" * 500, "naïve 1/2 ."]
HAS_RAY = importlib.util.find_spec("ray") is not None


@pytest.fixture
def files(make_bilm: Callable[..., BiLM], tmp_path: Path) -> BiLMFiles:
    found = BiLMFiles(tmp_path / "options.json", tmp_path / "weights.hdf5")
    make_bilm().save(*found)
    return found


@pytest.fixture
def choice(files: BiLMFiles) -> BiLMChoice:
    return BiLMChoice(None, str(files.options_file), str(files.weight_file))


@pytest.fixture
def texts(tmp_path: Path) -> list[Path]:
    """Two texts, of 21 and of 7 lines; the second begins with a byte order mark."""
    (tmp_path / "one.txt").write_text("".join(f"the {'word ' * (i % 5)}number {i}\n" for i in range(21)))
    (tmp_path / "odd.txt").write_bytes(b"\xef\xbb\xbf" + "".join(f"{line}\n" for line in ODD).encode())
    return [tmp_path / "one.txt", tmp_path / "odd.txt"]


@pytest.fixture
def planned(choice: BiLMChoice, texts: list[Path]) -> Callable[..., Plan]:
    def plan(**settings: Any) -> Plan:
        return make_plan(choice.read(), texts, part_tokens=20, **settings)

    return plan


def made(plan: Plan, choice: BiLMChoice, folder: Path, engine: Engine | None = None) -> EmbeddedText:
    assert sum(embed(plan, choice, folder, engine or Engine())) == plan.tokens
    return EmbeddedText(folder)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# What is written


def test_vectors_are_those_of_the_embedder(
    planned: Callable[..., Plan], choice: BiLMChoice, texts: list[Path], tmp_path: Path
) -> None:
    found = list(made(planned(layers="all"), choice, tmp_path / "out").lines())
    embedder = ElmoEmbedder(choice.options_file, choice.weight_file)
    lines = [line.removeprefix("\ufeff").split() for path in texts for line in path.read_text().splitlines()]
    assert [line.tokens for line in found] == lines
    assert [line.line for line in found] == [*range(21), *range(7)]
    assert [line.text for line in found] == [str(texts[0])] * 21 + [str(texts[1])] * 7
    for line in found:
        np.testing.assert_allclose(line.vectors, embedder.embed_sentence(line.tokens), atol=1e-6)


def test_chosen_layers_and_the_mean_are_columns(
    planned: Callable[..., Plan], choice: BiLMChoice, tmp_path: Path
) -> None:
    every = list(made(planned(layers="all"), choice, tmp_path / "all").lines())
    two = made(planned(layers=[-1, 0]), choice, tmp_path / "two")
    assert two.plan.columns == ["layer_2", "layer_0"]
    mean = made(planned(), choice, tmp_path / "mean")
    for line, of_two, of_mean in zip(every, two.lines(), mean.lines(), strict=True):
        np.testing.assert_array_equal(of_two.vectors, line.vectors[[2, 0]])
        np.testing.assert_allclose(of_mean.vectors, line.vectors.mean(axis=0, keepdims=True), atol=1e-6)


def test_a_sentences_vectors_are_means_over_its_tokens(
    planned: Callable[..., Plan], choice: BiLMChoice, tmp_path: Path
) -> None:
    tokens = made(planned(layers="all"), choice, tmp_path / "tokens").lines()
    sentences = list(made(planned(layers="all", rows="sentence"), choice, tmp_path / "sentences").lines())
    for sentence, line in zip(sentences, tokens, strict=True):
        assert (sentence.text, sentence.line) == (line.text, line.line)
        wanted = line.vectors.mean(axis=1) if line.tokens else np.zeros_like(sentence.vectors)
        np.testing.assert_allclose(sentence.vectors, wanted, atol=1e-6)


def test_half_precision_is_float16_in_the_file(
    planned: Callable[..., Plan], choice: BiLMChoice, tmp_path: Path
) -> None:
    whole = list(made(planned(), choice, tmp_path / "whole").lines())
    half = made(planned(half=True), choice, tmp_path / "half")
    assert pq.read_schema(part_path(half.folder, 0)).field("mean").type == pa.list_(pa.float16(), 14)
    for line, wanted in zip(half.lines(), whole, strict=True):
        assert line.vectors.dtype == np.float16
        np.testing.assert_allclose(line.vectors, wanted.vectors, rtol=2**-11, atol=1e-7)


def test_any_reader_of_parquet_reads_it(
    planned: Callable[..., Plan], choice: BiLMChoice, texts: list[Path], tmp_path: Path
) -> None:
    found = made(planned(), choice, tmp_path / "out")
    table = found.table().to_table()
    assert table.column_names == ["text", "line", "position", "token", "mean"]
    assert table.num_rows == found.plan.tokens
    assert table.slice(0, 3).select(["text", "line", "position", "token"]).to_pylist() == [
        {"text": str(texts[0]), "line": 0, "position": 0, "token": "the"},
        {"text": str(texts[0]), "line": 0, "position": 1, "token": "number"},
        {"text": str(texts[0]), "line": 0, "position": 2, "token": "0"},
    ]


def test_some_lines_of_one_text(
    planned: Callable[..., Plan], choice: BiLMChoice, texts: list[Path], tmp_path: Path
) -> None:
    found = made(planned(), choice, tmp_path / "out")
    assert [line.line for line in found.lines(str(texts[0]), 4, 15)] == list(range(4, 15))
    assert [line.line for line in found.lines(str(texts[1]), 5)] == [5, 6]
    assert list(found.lines(str(texts[0]), 21)) == []
    with pytest.raises(ParquetError, match=r'no text "two\.txt"'):
        list(found.lines("two.txt"))


def test_a_text_without_lines(choice: BiLMChoice, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()
    plan = make_plan(choice.read(), [tmp_path / "empty.txt"])
    assert list(made(plan, choice, tmp_path / "out").lines()) == []


def test_a_part_without_rows_has_columns_of_the_same_types(choice: BiLMChoice, tmp_path: Path) -> None:
    texts = [tmp_path / "blank.txt", tmp_path / "real.txt"]
    for path, content in zip(texts, ["\n\n", "a b\n"], strict=True):
        path.write_text(content)
    found = made(make_plan(choice.read(), texts), choice, tmp_path / "out")
    table = found.table().to_table()
    assert table["token"].to_pylist() == ["a", "b"]
    wanted = {"text": pa.string(), "line": pa.int64(), "position": pa.int64(), "token": pa.string()}
    assert table.schema == pa.schema({**wanted, "mean": pa.list_(pa.float32(), 14)})
    assert [line.tokens for line in found.lines()] == [[], [], ["a", "b"]]


def test_layers_by_number() -> None:
    assert chosen_layers("mean", 3) is None
    assert chosen_layers("all", 3) == [0, 1, 2]
    assert chosen_layers([2, -3], 3) == [2, 0]
    for wrong, message in [([3], "no layer 3"), ([-4], "no layer -4"), ([2, -1], "twice"), ([], "must be")]:
        with pytest.raises(ParquetError, match=message):
            chosen_layers(wrong, 3)


# By whom


@pytest.mark.parametrize("engine", [Engine(workers=2), Engine(workers=3)])
def test_the_number_of_workers_changes_nothing(
    engine: Engine, planned: Callable[..., Plan], choice: BiLMChoice, tmp_path: Path
) -> None:
    made(planned(), choice, tmp_path / "one")
    made(planned(), choice, tmp_path / "more", engine)
    assert contents(tmp_path / "one") == contents(tmp_path / "more")


def test_parts_are_the_same_in_any_order(planned: Callable[..., Plan], choice: BiLMChoice, tmp_path: Path) -> None:
    plan = planned()
    made(plan, choice, tmp_path / "one")
    for number in range(0, len(plan.parts), 2):
        part_path(tmp_path / "one", number).unlink()
    before = contents(tmp_path / "one")
    made(plan, choice, tmp_path / "one")
    assert contents(tmp_path / "one").items() >= before.items()
    made(plan, choice, tmp_path / "other")
    assert contents(tmp_path / "one") == contents(tmp_path / "other")


# Kills and damage


def test_what_is_there_is_not_made_again(
    planned: Callable[..., Plan], choice: BiLMChoice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned()
    running = embed(plan, choice, tmp_path / "out", Engine())
    for _ in range(3):
        next(running)
    running.close()
    with pytest.raises(ParquetError, match=f"{len(plan.parts) - 3} of {len(plan.parts)} parts are missing"):
        EmbeddedText(tmp_path / "out")
    embedded: list[int] = []
    whole = PartEmbedder.__call__
    monkeypatch.setattr(
        PartEmbedder, "__call__", lambda self, number: (embedded.append(number), whole(self, number))[1]
    )
    made(plan, choice, tmp_path / "out")
    assert embedded == list(range(3, len(plan.parts)))


def test_a_plans_digest_is_made_once_for_all_parts(
    planned: Callable[..., Plan], choice: BiLMChoice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(planned(), choice, tmp_path / "out")
    dumped: list[int] = []
    dumps = json.dumps

    def counted(value: Any, **settings: Any) -> str:
        dumped.append("parts" in value)
        return dumps(value, **settings)

    monkeypatch.setattr(json, "dumps", counted)
    assert len(EmbeddedText(tmp_path / "out").plan.parts) > 2
    assert sum(dumped) == 1


@pytest.mark.parametrize("keep", [0, 100, -1])
def test_a_file_that_is_cut_off_is_made_again(
    keep: int, planned: Callable[..., Plan], choice: BiLMChoice, tmp_path: Path
) -> None:
    plan = planned()
    made(plan, choice, tmp_path / "out")
    before = contents(tmp_path / "out")
    path = part_path(tmp_path / "out", 1)
    path.write_bytes(path.read_bytes()[:keep])
    assert not is_whole(tmp_path / "out", plan, 1)
    # What a killed worker had not put in its place yet.
    (tmp_path / "out" / f".{path.name}.12345.tmp").write_bytes(b"PAR1")
    made(plan, choice, tmp_path / "out")
    assert contents(tmp_path / "out") == before


def test_a_kill_while_the_plan_is_written_costs_nothing(
    planned: Callable[..., Plan], choice: BiLMChoice, tmp_path: Path
) -> None:
    plan = planned()
    made(plan, choice, tmp_path / "one")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/.plan.json.12345.tmp").write_text(plan.to_json()[:50])
    made(plan, choice, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(tmp_path / "one")


def test_a_part_of_another_run_is_none_of_this_one(
    planned: Callable[..., Plan], choice: BiLMChoice, tmp_path: Path
) -> None:
    made(planned(), choice, tmp_path / "one")
    made(planned(half=True), choice, tmp_path / "two")
    part_path(tmp_path / "two", 0).write_bytes(part_path(tmp_path / "one", 0).read_bytes())
    with pytest.raises(ParquetError, match=r"the first is part-00000000\.parquet"):
        EmbeddedText(tmp_path / "two")


def test_a_worker_is_spared_an_interrupt_from_its_birth_on() -> None:
    process = multiprocessing.get_context("spawn").Process(target=int)
    with _without_interrupts():
        process.start()
    assert process.pid is not None
    os.kill(process.pid, signal.SIGINT)
    process.join(60)
    assert process.exitcode == 0


def test_what_a_worker_says_of_a_full_disk(tmp_path: Path) -> None:
    assert _told(DiskFullError(tmp_path)) == f"{tmp_path}: No space left on device."
    assert _told(ParquetError("The biLM is not the one.")) == "The biLM is not the one."


def command(out: Path, texts: list[Path], files: BiLMFiles, *options: str) -> list[str]:
    names = [*map(str, texts), str(out), "--part-tokens", "20"]
    bilm = ["--options-file", str(files.options_file), "--weight-file", str(files.weight_file)]
    return [sys.executable, "-m", "elmo_tasks", "elmo-embed", *names, *bilm, *options]


def children_of(pid: int, name: str) -> list[int]:
    """Processes below `pid` whose command line has `name` in it."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            line = (status.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == pid:
            own = int(status.parent.name)
            found += ([own] if name.encode() in line else []) + children_of(own, name)
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="workers are found by /proc, which Linux has")
def test_a_killed_worker_is_begun_again(
    planned: Callable[..., Plan], choice: BiLMChoice, texts: list[Path], files: BiLMFiles, tmp_path: Path
) -> None:
    plan = planned()
    made(plan, choice, tmp_path / "one")
    killed: list[int] = []
    for tokens in embed(plan, choice, tmp_path / "two", Engine(workers=2)):
        assert tokens
        if not killed:
            killed = children_of(os.getpid(), "spawn_main")[:1]
            os.kill(killed[0], signal.SIGKILL)
    assert killed
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


@pytest.mark.skipif(not HAS_RAY, reason="ray is not installed: pip install 'ray[data]>=2.50'")
def test_a_ray_cluster_of_two_workers_loses_one_and_gives_the_same(
    planned: Callable[..., Plan], choice: BiLMChoice, texts: list[Path], files: BiLMFiles, tmp_path: Path
) -> None:
    plan = planned()
    made(plan, choice, tmp_path / "one")
    out = tmp_path / "two"
    running = subprocess.Popen(
        command(out, texts, files, "--engine", "ray", "--workers", "2"), cwd=ROOT, stderr=subprocess.DEVNULL
    )
    end = time.monotonic() + 240
    while not (is_whole(out, plan, 0) or is_whole(out, plan, 1)):
        assert running.poll() is None
        assert time.monotonic() < end
        time.sleep(0.02)
    actors = children_of(running.pid, "ray::MapWorker")
    os.kill(actors[0], signal.SIGKILL)
    assert running.wait(240) == 0
    assert contents(tmp_path / "one") == contents(out)


# Mistakes


def test_another_run_in_the_folder_is_refused(planned: Callable[..., Plan], choice: BiLMChoice, tmp_path: Path) -> None:
    made(planned(), choice, tmp_path / "out")
    with pytest.raises(ParquetError, match="differs from this one in: rows, half"):
        made(planned(rows="sentence", half=True), choice, tmp_path / "out")


@pytest.mark.parametrize("engine", [Engine(), Engine(workers=2)])
def test_texts_that_have_moved_are_the_same_texts(
    engine: Engine, planned: Callable[..., Plan], choice: BiLMChoice, texts: list[Path], tmp_path: Path
) -> None:
    plan, out = planned(), tmp_path / "out"
    made(plan, choice, out)
    before = contents(out)
    for number in (0, len(plan.parts) - 1):
        part_path(out, number).unlink()
    moved = [path.rename(path.with_name(f"moved-{path.name}")) for path in texts]
    renamed = make_plan(choice.read(), moved, part_tokens=20)
    assert sum(embed(renamed, choice, out, engine)) == plan.tokens
    assert contents(out) == before
    in_another_order = make_plan(choice.read(), moved[::-1], part_tokens=20)
    with pytest.raises(ParquetError, match="differs from this one in: texts"):
        made(in_another_order, choice, out)
    moved[0].write_text("another\n" * 21)
    with pytest.raises(ParquetError, match="differs from this one in: texts"):
        made(make_plan(choice.read(), moved, part_tokens=20), choice, out)


def test_a_folder_of_something_else_is_left_alone(
    planned: Callable[..., Plan], choice: BiLMChoice, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("mine")
    with pytest.raises(ParquetError, match="is there already"):
        made(planned(), choice, tmp_path / "mine")
    assert contents(tmp_path / "mine") == {"notes.txt": b"mine"}


@pytest.mark.parametrize("engine", [Engine(), Engine(workers=2)])
def test_a_text_that_changed_meanwhile_is_said(
    engine: Engine, planned: Callable[..., Plan], choice: BiLMChoice, texts: list[Path], tmp_path: Path
) -> None:
    plan = planned()
    texts[0].write_text("another\n" * 21)
    with pytest.raises(ParquetError, match=r"one\.txt has changed since the run began"):
        made(plan, choice, tmp_path / "out", engine)


def test_another_bilm_is_said(
    planned: Callable[..., Plan], choice: BiLMChoice, make_bilm: Callable[..., BiLM], tmp_path: Path
) -> None:
    plan = planned()
    make_bilm().save(choice.options_file, choice.weight_file)  # type: ignore[arg-type]
    with pytest.raises(ParquetError, match="not the one that the run began with"):
        made(plan, choice, tmp_path / "out")


def test_texts_that_are_none(choice: BiLMChoice, tmp_path: Path) -> None:
    bilm = choice.read()
    good, bad = tmp_path / "good.txt", tmp_path / "bad.txt"
    good.write_text("a b\n")
    bad.write_bytes(b"a\nb \xff\n")
    for texts, message in [([], "no texts"), ([good, good], "given twice"), ([tmp_path], "is a folder")]:
        with pytest.raises(ParquetError, match=message):
            make_plan(bilm, texts)
    with pytest.raises(TextError, match="line 2"):
        make_plan(bilm, [bad])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "spark"}, 'must be "local" or "ray"'),
        ({"workers": 0}, "workers"),
        ({"threads": True}, "threads"),
        ({"address": "auto"}, 'engine "ray" only'),
    ],
)
def test_engines_that_are_none(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ParquetError, match=message):
        Engine(**settings)


def test_workers_without_a_gpu_each_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    assert Engine(gpus=True).gpus
    with pytest.raises(ParquetError, match="Each worker takes a GPU: there are to be 2, and torch sees 1 GPUs"):
        Engine(workers=2, gpus=True)


@pytest.mark.parametrize("package", ["pyarrow", "ray"])
def test_a_missing_package_is_one_line(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ParquetError, match=rf"not installed.*pip install \"{package}"):
        Engine("ray" if package == "ray" else "local")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "damaged: this is not JSON: Expecting value"),
        ("[]", "damaged: this is no JSON object"),
        ("null", "damaged: this is no JSON object"),
        ("{}", 'damaged: "format" is not there'),
        ('{"format": "1"}', 'damaged: "format" is not there, or not what it should be'),
        ('{"format": 1}', "damaged.*: 'texts'"),
        ('{"format": 1, "texts": [[1]], "parts": []}', "damaged.* missing .* 'tokens'"),
        ('{"format": 2}', "was written by a newer version of this program"),
        ("\ufeff{", "damaged: this is not JSON: Expecting property name"),
    ],
)
def test_a_damaged_plan_is_said(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(content)
    with pytest.raises(ParquetError, match=rf"plan\.json (is |){message}"):
        EmbeddedText(tmp_path)


def test_a_folder_without_a_plan_is_said(tmp_path: Path) -> None:
    with pytest.raises(ParquetError, match="no folder that elmo-embed has written"):
        EmbeddedText(tmp_path)


def test_a_plan_is_read_as_it_was_written(planned: Callable[..., Plan], tmp_path: Path) -> None:
    for plan in (planned(), planned(rows="sentence", layers=[1], half=True)):
        (tmp_path / "plan.json").write_text(plan.to_json())
        assert Plan.from_json(tmp_path / "plan.json") == plan
        assert json.loads(plan.to_json())["format"] == 1


def test_a_plan_without_the_bilms_name_is_the_same_plan(
    planned: Callable[..., Plan], choice: BiLMChoice, tmp_path: Path
) -> None:
    plan = planned(bilm_name="mini")
    made(plan, choice, tmp_path / "out")
    path = tmp_path / "out/plan.json"
    values = json.loads(path.read_text())
    assert values.pop("bilm_name") == "mini"
    path.write_text(json.dumps(values))
    assert made(plan, choice, tmp_path / "out").plan.bilm_name is None
    assert Plan.from_json(path).digest == plan.digest == planned(bilm_name="other").digest


# The command


def run_command(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["elmo-tasks", "elmo-embed", *map(str, arguments)])
    main()


def test_the_command_says_which_bilm_it_takes(
    texts: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    run_command(monkeypatch, texts[1], out)
    first, last = capsys.readouterr().out.splitlines()
    assert first == "Vectors by mini, 512 numbers each."
    assert last.endswith("tokens in 1 files, by mini, 512 numbers each.")
    assert EmbeddedText(out).plan.bilm_name == "mini"


def test_a_worker_is_told_whole_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mini").mkdir()
    assert BiLMChoice("mini").resolved() == BiLMChoice("mini")
    files = BiLMChoice(None, "https://host/options.json", "mini").resolved()
    assert files == BiLMChoice(None, "https://host/options.json", str(tmp_path / "mini"))


def test_what_a_bilm_is_called() -> None:
    assert BiLMChoice("small").name == "small"
    assert BiLMChoice(None, "a/options.json", "a/weights.hdf5").name == "a/weights.hdf5"
    assert BiLMChoice().name == "mini"

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from small_disks import fill
from small_disks import small_disk as small_disk

from elmo_tasks.bilm import BiLM
from elmo_tasks.files import DiskFullError
from elmo_tasks.vectors.dump import Dump, DumpError, DumpFormat, TextError, merge_files, run

ROOT = Path(__file__).parents[3]
TOLERANCE = 1e-5


def dump(*arguments: object, **options: object) -> None:
    for _ in Dump(*arguments, **options).run():  # type: ignore[arg-type]
        pass


def read(path: Path) -> dict[str, np.ndarray]:
    """Every dataset but the index."""
    with h5py.File(path) as file:
        return {key: file[key][...] for key in file if key != "sentence_to_index"}


def assert_same(one: Path, other: Path) -> None:
    first, second = read(one), read(other)
    assert first.keys() == second.keys()
    for key, vectors in first.items():
        assert vectors.dtype == second[key].dtype
        np.testing.assert_array_equal(vectors, second[key])
    with h5py.File(one) as file, h5py.File(other) as other_file:
        assert dict(file.attrs) == dict(other_file.attrs)
        assert ("sentence_to_index" in file) == ("sentence_to_index" in other_file)
        if "sentence_to_index" in file:
            assert json.loads(file["sentence_to_index"][0]) == json.loads(other_file["sentence_to_index"][0])


# What is written


@pytest.mark.parametrize("layers", ["all", "top", "average"])
def test_stocks_layers_as_an_old_reader_finds_them(
    layers: str,
    bilm: BiLM,
    text: Path,
    lines: list[str],
    stock: Callable[[list[str]], list[np.ndarray]],
    tmp_path: Path,
) -> None:
    dump(bilm, text, tmp_path / "out.hdf5", DumpFormat(layers), batch_size=5, batch_tokens=60, part_tokens=150)
    with h5py.File(tmp_path / "out.hdf5") as file:
        assert file["sentence_to_index"].shape == (1,)
        index = json.loads(file["sentence_to_index"][0])
        assert len(file) == len(lines) + 1
        for sentence, expected in zip(lines, stock(lines), strict=True):
            found = file[index.get(sentence, "17")]
            if layers != "all":
                expected = expected[-1] if layers == "top" else expected.mean(axis=0)
            assert found.dtype == np.float32
            np.testing.assert_allclose(found[...], expected, rtol=0, atol=TOLERANCE)
        assert index[lines[20]] == "40"
        assert file["17"].shape == ((3, 0, 14) if layers == "all" else (0, 14))
    assert not (tmp_path / "out.hdf5.parts").exists()


def test_half_precision_and_gzip(bilm: BiLM, text: Path, tmp_path: Path) -> None:
    dump(bilm, text, tmp_path / "single.hdf5")
    dump(bilm, text, tmp_path / "half.hdf5", DumpFormat(half=True, compress=True))
    single, half = read(tmp_path / "single.hdf5"), read(tmp_path / "half.hdf5")
    assert single.keys() == half.keys()
    for key, vectors in half.items():
        assert vectors.dtype == np.float16
        # Rounding to the nearest; below 2^-14 float16 is less exact.
        np.testing.assert_allclose(vectors.astype(np.float32), single[key], rtol=2**-11, atol=2**-25)
    with h5py.File(tmp_path / "half.hdf5") as file:
        assert file["0"].compression == "gzip"


def test_sentences_as_keys(bilm: BiLM, tmp_path: Path, stock: Callable[[list[str]], list[np.ndarray]]) -> None:
    text = tmp_path / "text.txt"
    text.write_text("one two\n\nthree : 4\none two\nsentence_to_index\n", encoding="utf-8")
    dump(bilm, text, tmp_path / "out.hdf5", DumpFormat(sentence_keys=True), part_tokens=2)
    with h5py.File(tmp_path / "out.hdf5") as file:
        assert set(file) == {"one two", "three : 4", "sentence_to_index"}
        for key, expected in zip(file, stock(list(file)), strict=True):
            np.testing.assert_allclose(file[key][...], expected, rtol=0, atol=TOLERANCE)


def test_without_the_index(bilm: BiLM, text: Path, lines: list[str], tmp_path: Path) -> None:
    dump(bilm, text, tmp_path / "out.hdf5", DumpFormat(sentence_index=False), part_tokens=100)
    with h5py.File(tmp_path / "out.hdf5") as file:
        assert set(file) == set(map(str, range(len(lines))))


def test_an_empty_text(bilm: BiLM, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("")
    dump(bilm, tmp_path / "text.txt", tmp_path / "out.hdf5")
    with h5py.File(tmp_path / "out.hdf5") as file:
        assert list(file) == ["sentence_to_index"]
        assert json.loads(file["sentence_to_index"][0]) == {}


# After a kill

CHILD = """
import os, signal, sys
from pathlib import Path
from typing import Any
sys.modules["allennlp"] = None  # the biLM does not need it, and it takes seconds to import
import torch
torch.set_num_threads(int(sys.argv[4]))
from elmo_tasks.bilm import BiLM
from elmo_tasks.vectors.dump import Dump, layers_file

def die(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)

folder, output, batches = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
if batches < 0:
    layers_file.seal = die  # the parts are joined, but for the end of the file
bilm = BiLM.from_files(folder / "options.json", folder / "weights.hdf5")
dump = Dump(bilm, folder / "text.txt", output, batch_size=4, part_tokens=200)
print(dump.done, flush=True)
for number, _ in enumerate(dump.run()):
    if number == batches:
        die()
"""


def run_and_kill(folder: Path, output: Path, batches: int) -> int:
    """Kills the run in the middle of a part, or, if `batches` is negative, while the parts are joined."""
    command = [sys.executable, "-c", CHILD, str(folder), str(output), str(batches), str(torch.get_num_threads())]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=1200)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not output.exists()
    return int(done.stdout)


def test_a_run_killed_three_times_is_equal_to_one_that_was_not(bilm: BiLM, text: Path, tmp_path: Path) -> None:
    lines = text.read_text(encoding="utf-8") * 5
    text.write_text(lines, encoding="utf-8")
    output, options = tmp_path / "killed.hdf5", {"batch_size": 4, "part_tokens": 200}
    dump(bilm, text, tmp_path / "whole.hdf5", **options)
    assert run_and_kill(tmp_path, output, batches=16) == 0
    done = run_and_kill(tmp_path, output, batches=16)
    assert done > 0
    # What a kill leaves of a part is there, and is not used.
    assert list((tmp_path / "killed.hdf5.parts").glob(".part-*.tmp"))
    assert run_and_kill(tmp_path, output, batches=-1) > done
    last = Dump(bilm, text, output, **options)
    assert last.done == last.tokens == len(lines.split())
    assert list(last.run()) == []
    assert_same(output, tmp_path / "whole.hdf5")
    assert not (tmp_path / "killed.hdf5.parts").exists()


@pytest.fixture
def killed(bilm: BiLM, text: Path, tmp_path: Path) -> Path:
    """A run that ended behind its second part; the output's path."""
    tokens = 0
    for number in Dump(bilm, text, tmp_path / "out.hdf5", part_tokens=100).run():
        tokens += number
        if tokens > 250:
            break
    assert len(list((tmp_path / "out.hdf5.parts").glob("part-*.hdf5"))) == 2
    return tmp_path / "out.hdf5"


def test_only_what_is_left_is_embedded(bilm: BiLM, text: Path, killed: Path, tmp_path: Path) -> None:
    again = Dump(bilm, text, killed, part_tokens=100)
    assert 200 <= again.done < 300
    # The default size of parts is another: it may change from version to version.
    again = Dump(bilm, text, killed)
    assert sum(again.run()) == again.tokens - again.done
    dump(bilm, text, tmp_path / "whole.hdf5")
    whole = read(tmp_path / "whole.hdf5")
    for key, vectors in read(killed).items():
        np.testing.assert_allclose(vectors, whole[key], rtol=0, atol=TOLERANCE)


def test_a_damaged_part_is_written_again(bilm: BiLM, text: Path, killed: Path) -> None:
    second = sorted((killed.parent / "out.hdf5.parts").glob("part-*.hdf5"))[1]
    done = Dump(bilm, text, killed, part_tokens=100).done
    second.write_bytes(second.read_bytes()[:1000])
    again = Dump(bilm, text, killed, part_tokens=100)
    assert 100 <= again.done < done
    assert sum(again.run()) == again.tokens - again.done


@pytest.mark.parametrize("change", [{"stop": "first"}, {"first": 0}, {"stop": 10**6}, {"dim": 1}, {"bilm": "another"}])
def test_a_part_that_says_what_cannot_be_is_written_again(
    change: dict[str, Any], bilm: BiLM, text: Path, killed: Path, tmp_path: Path
) -> None:
    """One that said that it had no lines made a run look for the part behind it for ever."""
    second = sorted((killed.parent / "out.hdf5.parts").glob("part-*.hdf5"))[1]
    with h5py.File(second, "a") as file:
        said = json.loads(file.attrs["elmo_tasks"])
        file.attrs["elmo_tasks"] = json.dumps(
            said | ({"stop": said["first"]} if change == {"stop": "first"} else change)
        )
    again = Dump(bilm, text, killed, part_tokens=100)
    assert 100 <= again.done < 200
    assert sum(again.run()) == again.tokens - again.done
    dump(bilm, text, tmp_path / "whole.hdf5")
    assert read(killed).keys() == read(tmp_path / "whole.hdf5").keys()


@pytest.mark.parametrize("content", [b"", b"\xff", b"null", b"{", b"{}", b'{"format": {}}'])
def test_a_damaged_claim(content: bytes, bilm: BiLM, text: Path, killed: Path) -> None:
    (killed.parent / "out.hdf5.parts" / "run.json").write_bytes(content)
    with pytest.raises(DumpError, match=r"out\.hdf5\.parts/run\.json is damaged: .* Delete the folder"):
        Dump(bilm, text, killed)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"format": DumpFormat(half=True)}, "dtype (float16 / float32)"),
        ({"format": DumpFormat("top")}, "layers (top / all)"),
        ({"format": DumpFormat(sentence_index=False)}, "sentence_to_index"),
        ({"shard": (1, 2)}, "shard"),
    ],
)
def test_another_run_does_not_take_the_parts(bilm: BiLM, text: Path, killed: Path, change: dict, named: str) -> None:
    with pytest.raises(DumpError, match="parts of an unfinished run") as raised:
        Dump(bilm, text, killed, **change)
    difference = str(raised.value).split(" in ", 1)[1]
    # Ours comes second.
    assert named.split(" (")[0] in difference


def test_another_text_or_bilm_does_not_take_the_parts(
    bilm: BiLM, text: Path, killed: Path, make_bilm: Callable[..., BiLM]
) -> None:
    with pytest.raises(DumpError, match=r"differs from this one in biLM \("):
        Dump(make_bilm(), text, killed)
    text.write_text(text.read_text(encoding="utf-8").replace("naïve", "naive", 1), encoding="utf-8")
    with pytest.raises(DumpError, match=r"differs from this one in text \("):
        Dump(bilm, text, killed)


def test_a_finished_run_does_nothing(bilm: BiLM, text: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.hdf5"
    dump(bilm, text, output)
    before = output.stat()
    again = Dump(bilm, text, output)
    assert again.done == again.tokens
    assert list(again.run()) == []
    assert output.stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize("there", ["another format", "another shard", "a text", "a damaged file", "a pipe"])
def test_what_is_there_is_not_overwritten(there: str, bilm: BiLM, text: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.hdf5"
    if there == "another format":
        dump(bilm, text, output)
    elif there == "another shard":
        dump(bilm, text, output, DumpFormat("top"), shard=(1, 2))
    elif there == "a pipe":
        os.mkfifo(output)
    else:
        dump(bilm, text, output, DumpFormat("top"))
        output.write_bytes(b"my notes" if there == "a text" else output.read_bytes()[:-100])
    before = output.read_bytes() if output.is_file() else None
    with pytest.raises(DumpError, match=r"out\.hdf5 is there already, and is not what this run would write: .*--force"):
        Dump(bilm, text, output, DumpFormat("top"))
    assert before == (output.read_bytes() if output.is_file() else None)
    dump(bilm, text, output, DumpFormat("top"), force=True)
    assert read(output)["0"].ndim == 2


def test_an_empty_file_is_replaced(bilm: BiLM, text: Path, tmp_path: Path) -> None:
    """As `tempfile` makes one."""
    (tmp_path / "out.hdf5").touch()
    dump(bilm, text, tmp_path / "out.hdf5")
    assert read(tmp_path / "out.hdf5")


def test_what_is_not_ours_in_the_folder_stays(bilm: BiLM, text: Path, tmp_path: Path) -> None:
    other = tmp_path / "out.hdf5.parts" / "notes.txt"
    other.parent.mkdir()
    other.write_text("mine")
    dump(bilm, text, tmp_path / "out.hdf5")
    assert list(other.parent.iterdir()) == [other]


def test_a_full_disk(bilm: BiLM, text: Path, tmp_path: Path, small_disk: Path) -> None:
    """Is told with the part's name; the run goes on when there is room, behind the parts that it has."""
    text.write_text(text.read_text(encoding="utf-8") * 8, encoding="utf-8")
    dump(bilm, text, tmp_path / "whole.hdf5", part_tokens=1000)
    size = (tmp_path / "whole.hdf5").stat().st_size
    assert 2.5 * size < 4 << 20, "the disk must have room for the parts and the whole"
    ballast, output = fill(small_disk, left=size // 2), small_disk / "out.hdf5"
    with pytest.raises(DiskFullError, match=r"No space left on device: '.*/out\.hdf5\.parts/part-"):
        dump(bilm, text, output, part_tokens=1000)
    parts = sorted(path.name for path in (small_disk / "out.hdf5.parts").iterdir())
    assert [name[:4] for name in parts] == ["part"] * (len(parts) - 1) + ["run."]
    ballast.unlink()
    again = Dump(bilm, text, output, part_tokens=1000)
    assert again.done > 0
    list(again.run())
    assert_same(output, tmp_path / "whole.hdf5")


# Shards


@pytest.mark.parametrize("format", [DumpFormat(), DumpFormat("average", half=True, compress=True)])
@pytest.mark.parametrize("number", [3, 70])
def test_shards_together_are_the_whole(
    format: DumpFormat, number: int, bilm: BiLM, text: Path, lines: list[str], tmp_path: Path
) -> None:
    dump(bilm, text, tmp_path / "whole.hdf5", format)
    shards = [tmp_path / f"shard-{shard}.hdf5" for shard in range(1, number + 1)]
    for shard, path in enumerate(shards, 1):
        dump(bilm, text, path, format, shard=(shard, number))
    merge_files(shards[::-1], tmp_path / "merged.hdf5")
    merged, whole = read(tmp_path / "merged.hdf5"), read(tmp_path / "whole.hdf5")
    assert list(merged) == list(whole)
    for key, vectors in merged.items():
        assert vectors.dtype == whole[key].dtype
        np.testing.assert_allclose(vectors, whole[key], rtol=0, atol=2**-10 if format.half else TOLERANCE)
    with h5py.File(tmp_path / "merged.hdf5") as file, h5py.File(tmp_path / "whole.hdf5") as other:
        assert dict(file.attrs) == dict(other.attrs)
        assert json.loads(file["sentence_to_index"][0]) == json.loads(other["sentence_to_index"][0])
        assert file["0"].compression == other["0"].compression


# What cannot be


def test_bad_arguments(bilm: BiLM, text: Path, tmp_path: Path, make_bilm: Callable[..., BiLM]) -> None:
    with pytest.raises(DumpError, match="There is no file"):
        Dump(bilm, tmp_path / "nothing.txt", tmp_path / "out.hdf5")
    with pytest.raises(DumpError, match="that is the text"):
        Dump(bilm, text, text)
    with pytest.raises(DumpError, match="that is a folder"):
        Dump(bilm, text, tmp_path)
    with pytest.raises(DumpError, match="no shard 3 of 2"):
        Dump(bilm, text, tmp_path / "out.hdf5", shard=(3, 2))
    with pytest.raises(DumpError, match="size 0"):
        Dump(bilm, text, tmp_path / "out.hdf5", batch_size=0)
    with pytest.raises(DumpError, match="stateful"):
        Dump(make_bilm(stateful=True), text, tmp_path / "out.hdf5")
    with pytest.raises(TextError, match=r"line \d+: an HDF5 dataset cannot be named"):
        Dump(bilm, text, tmp_path / "out.hdf5", DumpFormat(sentence_keys=True))


def test_too_much_text_for_the_index_is_known_at_the_start(
    bilm: BiLM, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_MAX_INDEX", 100)
    with pytest.raises(DumpError, match="--forget-sentences"):
        Dump(bilm, text, tmp_path / "out.hdf5")
    dump(bilm, text, tmp_path / "out.hdf5", DumpFormat(sentence_index=False))
    assert (tmp_path / "out.hdf5").exists()


def test_blank_lines_are_named(bilm: BiLM, text: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Dump(bilm, text, tmp_path / "out.hdf5")
    assert "1 lines are blank (the first: line 18); they have datasets without tokens." in caplog.text

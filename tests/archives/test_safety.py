"""Archives made by somebody who means harm, as stock AllenNLP's commands and ours would load them."""

import copy
import io
import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader
from allennlp.models import archival, load_archive
from allennlp.nn import Initializer
from allennlp.predictors import Predictor

import elmo_tasks.embedders  # noqa: F401
from elmo_tasks.archives.errors import UnsafeArchiveError
from elmo_tasks.archives.safety import check_archive, open_archive, unpacked
from elmo_tasks.archives.source import BiLMSource

Members = list[tuple[tarfile.TarInfo, bytes]]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stock tagger that has learned next to nothing."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "data.txt").write_text("The###D cat###N\n")
    config = {
        "dataset_reader": {"type": "sequence_tagging"},
        "train_data_path": str(folder / "data.txt"),
        "model": {
            "type": "simple_tagger",
            "text_field_embedder": {"token_embedders": {"tokens": {"type": "embedding", "embedding_dim": 2}}},
            "encoder": {"type": "lstm", "input_size": 2, "hidden_size": 2},
        },
        "data_loader": {"batch_size": 1},
        "trainer": {"optimizer": "adam", "num_epochs": 1, "cuda_device": -1},
    }
    train_model(Params(config), str(folder / "run"))
    return folder / "run" / "model.tar.gz"


def members_of(archive: Path) -> Members:
    with tarfile.open(archive) as tar:
        return [(member, tar.extractfile(member).read() if member.isreg() else b"") for member in tar]


def written(path: Path, members: Members) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for member, content in members:
            member = copy.copy(member)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def file(name: str, content: bytes = b"evil") -> tuple[tarfile.TarInfo, bytes]:
    return tarfile.TarInfo(name), content


def special(name: str, kind: bytes, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member, b""


def with_config(archive: Path, path: Path, config: str | bytes) -> Path:
    """The archive with another config."""
    content = config.encode() if isinstance(config, str) else config
    others = [(member, old) for member, old in members_of(archive) if member.name != "config.json"]
    return written(path, [file("config.json", content), *others])


def changed(archive: Path, **sections: Any) -> str:
    config = next(content for member, content in members_of(archive) if member.name == "config.json")
    return json.dumps({**json.loads(config), **sections})


def assert_refused(path: Path, message: str, error: type[Exception] = UnsafeArchiveError) -> None:
    """By what looks only, by what loads, and by what stock AllenNLP loads with."""
    for load in (check_archive, open_archive, load_archive):
        with pytest.raises(error, match=message):
            load(path)


def test_a_good_archive_loads(archive: Path) -> None:
    check_archive(archive)
    assert set(open_archive(archive).model.state_dict()) == set(open_archive(archive.parent).model.state_dict())
    with unpacked(archive) as folder:
        assert {path.name for path in Path(folder).iterdir()} == {
            "config.json",
            "meta.json",
            "vocabulary",
            "weights.th",
        }
    assert not Path(folder).exists()


@pytest.mark.parametrize(
    "name", ["{victim}", "../victim", "vocabulary/../../victim", "./../victim", "C:\\victim", "..\\victim"]
)
def test_no_file_lands_outside(name: str, archive: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    path = written(tmp_path / "model.tar.gz", [*members_of(archive), file(name.format(victim=victim))])
    if "\\" not in name:
        inside = tmp_path / "inside"
        inside.mkdir()
        # Python before 3.11.4 has no filters, and is as trusting without.
        trusting: dict[str, Any] = {"filter": "fully_trusted"} if hasattr(tarfile, "data_filter") else {}
        with tarfile.open(path) as tar:
            tar.extractall(inside, **trusting)
        assert victim.read_bytes() == b"evil", "the attack is one"
        victim.unlink()
    assert_refused(path, "outside the folder")
    assert not victim.exists()


@pytest.mark.parametrize(
    "members",
    [
        [special("way", tarfile.SYMTYPE, "{outside}"), file("way/victim")],
        # Each link stays inside by the letters of its path, and the second one leads out.
        [special("a", tarfile.SYMTYPE, "."), special("way", tarfile.SYMTYPE, "a/.."), file("way/victim")],
        [special("victim", tarfile.LNKTYPE, "{outside}/precious")],
        [special("pipe", tarfile.FIFOTYPE)],
        [special("null", tarfile.CHRTYPE)],
        [special("vocabulary/tokens.txt", tarfile.SYMTYPE, "/etc/passwd")],
    ],
)
def test_links_and_devices_are_refused(members: Members, archive: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("precious")
    for member, _ in members:
        member.linkname = member.linkname.format(outside=outside)
    assert_refused(written(tmp_path / "model.tar.gz", [*members_of(archive), *members]), "neither a file nor a folder")
    assert [path.name for path in outside.iterdir()] == ["precious"]


def test_permissions_are_not_unpacked(archive: Path, tmp_path: Path) -> None:
    member, content = file("program", b"#!/bin/sh\n")
    member.mode = 0o6777
    with unpacked(written(tmp_path / "a.tar.gz", [*members_of(archive), (member, content)])) as folder:
        assert (Path(folder) / "program").stat().st_mode & 0o7111 == 0


def test_a_name_that_comes_twice_is_refused(archive: Path, tmp_path: Path) -> None:
    """A check of the first would say nothing of the second."""
    path = written(tmp_path / "model.tar.gz", [*members_of(archive), file("config.json", b"{}")])
    with pytest.raises(ConfigurationError, match="cannot be unpacked"):
        load_archive(path)


@pytest.mark.parametrize("kept", [0, 10, 300])
def test_a_broken_archive(kept: int, archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.tar.gz"
    path.write_bytes(archive.read_bytes()[:kept])
    assert_refused(path, r"model.tar.gz cannot be unpacked; it may be damaged", ConfigurationError)


@pytest.mark.parametrize("kept", [0, 10, 0.5, -10])
def test_broken_weights(kept: float, archive: Path, tmp_path: Path) -> None:
    run = shutil.copytree(archive.parent, tmp_path / "run")
    (run / "model.tar.gz").unlink()
    weights = (run / "best.th").read_bytes()
    (run / "best.th").write_bytes(weights[: int(kept * len(weights)) if kept == 0.5 else int(kept)])
    with pytest.raises(ConfigurationError, match="weights"):
        open_archive(run)


def test_an_archive_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not exist"):
        open_archive(tmp_path / "nothing.tar.gz")


@pytest.mark.parametrize(
    "config",
    [
        '{"dataset_reader": {"type": importstr "/etc/hostname"}}',
        '{"dataset_reader": {"type": std.extVar("HOME")}}',
        "{} // a comment",
        b"\xff",
        "[" * 100_000,
    ],
)
def test_configs_are_plain_json(config: str | bytes, archive: Path, tmp_path: Path) -> None:
    path = with_config(archive, tmp_path / "model.tar.gz", config)
    assert_refused(path, r"config.json is not plain JSON")


@pytest.mark.parametrize(
    "meta", ["", "3", "{}", '{"version": 2}', '{"version": ""}', '{"version": "2.10"}', '{"version": "2.10.1", "": 1}']
)
def test_a_damaged_meta(meta: str, archive: Path, tmp_path: Path) -> None:
    others = [(member, content) for member, content in members_of(archive) if member.name != "meta.json"]
    path = written(tmp_path / "model.tar.gz", [file("meta.json", meta.encode()), *others])
    for load in (open_archive, load_archive):
        with pytest.raises(ConfigurationError, match=r"model\.tar\.gz, meta\.json is damaged"):
            load(path)


def test_a_config_runs_no_program(archive: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    popen = {"type": "subprocess.Popen", "args": ["touch", str(victim)]}
    process: Any = DatasetReader.from_params(Params(copy.deepcopy(popen)))
    assert isinstance(process, subprocess.Popen)
    process.wait()
    assert victim.exists(), "the attack is one"
    victim.unlink()
    for section in ("dataset_reader", "data_loader", "evaluation"):
        path = with_config(archive, tmp_path / "model.tar.gz", changed(archive, **{section: popen}))
        assert_refused(path, '"subprocess.Popen".* import the module "subprocess"')
    assert not victim.exists()


@pytest.mark.parametrize(
    "form", ["evil_module.Thing", {"type": "evil_module.Thing"}, {"a": [{"b": "evil_module.x y"}]}]
)
def test_a_config_imports_nothing(form: Any, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "evil_module.py").write_text(f"open({str(tmp_path / 'victim')!r}, 'w')\nThing = int\n")
    monkeypatch.syspath_prepend(tmp_path)
    path = with_config(archive, tmp_path / "model.tar.gz", changed(archive, dataset_reader=form))
    assert_refused(path, 'import the module "evil_module"')
    assert "evil_module" not in sys.modules
    assert not (tmp_path / "victim").exists()


def test_classes_that_are_imported_and_files_are_no_danger(archive: Path, tmp_path: Path) -> None:
    reader = {"type": "allennlp.data.dataset_readers.sequence_tagging.SequenceTaggingDatasetReader"}
    config = changed(
        archive, dataset_reader=reader, train_data_path="test.txt", notes=["v1.0", "5.5B", "best.th", "a."]
    )
    path = with_config(archive, tmp_path / "model.tar.gz", config)
    check_archive(path)
    open_archive(path)


def test_a_config_downloads_no_code(archive: Path, tmp_path: Path) -> None:
    reader = {
        "token_indexers": {"x": {"type": "pretrained_transformer", "tokenizer_kwargs": {"trust_remote_code": True}}}
    }
    path = with_config(archive, tmp_path / "model.tar.gz", changed(archive, dataset_reader=reader))
    assert_refused(path, '"trust_remote_code"')


def test_a_folder_is_looked_at_too(archive: Path, tmp_path: Path) -> None:
    shutil.unpack_archive(archive, tmp_path / "run")
    (tmp_path / "run" / "config.json").write_text(changed(archive, model={"type": "os.system"}))
    for load in (open_archive, load_archive, Predictor.from_path):
        with pytest.raises(UnsafeArchiveError, match=r'run/config\.json has "os\.system"'):
            load(tmp_path / "run")
    (tmp_path / "run" / "config.json").write_text("local model = {}; {model: model, dataset_reader: {}}")
    for load in (open_archive, load_archive, Predictor.from_path):
        with pytest.raises(UnsafeArchiveError, match=r"run/config\.json is not plain JSON"):
            load(tmp_path / "run")
    (tmp_path / "run" / "config.json").write_text(changed(archive, model=[]))
    for load in (open_archive, load_archive, Predictor.from_path):
        with pytest.raises(ConfigurationError, match=r'run/config\.json: "model" is a list'):
            load(tmp_path / "run")


def test_a_good_folder_is_loaded(archive: Path) -> None:
    loaded = load_archive(archive.parent).model.state_dict()
    assert all(torch.equal(weight, loaded[name]) for name, weight in load_archive(archive).model.state_dict().items())


class Harmful:
    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, str]]:
        return open, (self.path, "w")


@pytest.mark.parametrize("legacy", [False, True])
def test_weights_run_no_code(legacy: bool, archive: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    buffer = io.BytesIO()
    torch.save({"weight": Harmful(victim)}, buffer, _use_new_zipfile_serialization=not legacy)
    torch.load(io.BytesIO(buffer.getvalue()), weights_only=False)
    assert victim.exists(), "the attack is one"
    victim.unlink()
    others = [(member, content) for member, content in members_of(archive) if member.name != "weights.th"]
    path = written(tmp_path / "model.tar.gz", [*others, file("weights.th", buffer.getvalue())])
    for load in (open_archive, load_archive):
        with pytest.raises(UnsafeArchiveError, match="the weights hold something that is no tensor"):
            load(path)
    assert not victim.exists()


def test_what_loads_archives_by_the_way(archive: Path, tmp_path: Path) -> None:
    """The initializer `pretrained`, the model `from_archive`, and a biLM's `archive.tar.gz!file`."""
    evil = written(tmp_path / "evil.tar.gz", [*members_of(archive), file("../victim")])
    with pytest.raises(UnsafeArchiveError, match="outside"):
        Initializer.from_params(Params({"type": "pretrained", "weights_file_path": str(evil)}))
    nested = changed(archive, model={"type": "from_archive", "archive_file": str(evil)})
    with pytest.raises(UnsafeArchiveError, match="outside"):
        load_archive(with_config(archive, tmp_path / "model.tar.gz", nested))
    with pytest.raises(UnsafeArchiveError, match="outside"):
        BiLMSource(options_file=f"{evil}!options.json", weight_file=f"{evil}!weights.hdf5").find()
    kept = file("vocabulary/.elmo/from_archive/model.json", b'{"model": {"type": "subprocess.Popen"}}')
    path = written(tmp_path / "kept.tar.gz", [*members_of(archive), kept])
    assert_refused(path, 'from_archive/model.json has "subprocess.Popen"')
    assert archival.extracted_archive is unpacked

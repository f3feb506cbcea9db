"""Archives and run folders with members that are damaged, missing or do not go together: one error names the member."""

import copy
import gc
import io
import json
import random
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.models import load_archive

import elmo_tasks.pretraining  # noqa: F401 (registers)
from elmo_tasks.archives.loading import drop_caches
from elmo_tasks.archives.safety import open_archive
from elmo_tasks.device import DeviceError

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The members of a stock tagger's archive."""
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
    with tarfile.open(folder / "run" / "model.tar.gz") as tar:
        return {member.name: tar.extractfile(member).read() for member in tar if member.isreg()}  # type: ignore[union-attr]


def write_archive(folder: Path, files: Files) -> Path:
    path = folder / "model.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def write_folder(folder: Path, files: Files) -> Path:
    for name, content in files.items():
        (folder / "run" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "run" / name).write_bytes(content)
    return folder / "run"


def saved(value: Any, legacy: bool = False) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()


def state_of(files: Files) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = torch.load(io.BytesIO(files["weights.th"]))
    return state


def assert_told(files: Files, folder: Path, member: str, message: str) -> None:
    """From an archive and from a folder, by our function and by the one that stock AllenNLP's commands call."""
    for path in (write_archive(folder, files), write_folder(folder, files)):
        for load in (open_archive, load_archive):
            with pytest.raises(ConfigurationError, match=message) as raised:
                load(path)
            told = str(raised.value)
            assert str(path) in told, told
            assert member in told, told
            assert "\n" not in told


def flipped(content: bytes) -> bytes:
    """A bit of a weight."""
    weight = next(iter(torch.load(io.BytesIO(content)).values())).numpy().tobytes()
    place = content.index(weight) + 2
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def with_weights(change: Callable[[dict[str, torch.Tensor]], Any], legacy: bool = False) -> Callable[[Files], bytes]:
    return lambda files: saved(change(state_of(files)), legacy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda files: files["weights.th"][:-100], "cannot be read; they may be damaged"),
        (lambda files: files["weights.th"][:1000], "cannot be read; they may be damaged"),
        (lambda files: b"", "cannot be read; they may be damaged"),
        (lambda files: b"no weights at all", "no tensor, or are damaged: Unsupported operand"),
        (lambda files: flipped(files["weights.th"]), "the check sum of .* is wrong"),
        (lambda files: saved(state_of(files), legacy=True)[:-7], "cannot be read; they may be damaged"),
        (with_weights(lambda state: list(state.values())), "no state dict: 'list' object"),
        (with_weights(lambda state: torch.ones(2)), "no state dict: 'Tensor' object"),
        (with_weights(lambda state: None), "no state dict: 'NoneType' object"),
        (with_weights(lambda state: dict(list(state.items())[1:])), "not those of the model.*Missing keys: .*weight"),
        (
            with_weights(lambda state: state | {"more": torch.ones(1)}),
            r"not those of the model.*Unexpected keys: .*more",
        ),
        (
            with_weights(lambda state: {name: torch.ones(3, 5) for name in state}),
            "not those of the model.*size mismatch",
        ),
        (with_weights(lambda state: dict.fromkeys(state, 1)), "not those of the model.*expected torch.Tensor"),
        (with_weights(lambda state: {1: torch.ones(1)}), "no state dict: not all have names"),
        (with_weights(dict.fromkeys), "not those of the model.*received <class 'NoneType'>"),
    ],
)
def test_weights(change: Callable[[Files], bytes], message: str, files: Files, tmp_path: Path) -> None:
    assert_told(files | {"weights.th": change(files)}, tmp_path, "weights", message)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("tokens.txt", b"", r"vocabulary/tokens\.txt is empty.*OOV token not found"),
        ("tokens.txt", b"the\n", "OOV token not found"),
        ("tokens.txt", b"@@UNKNOWN@@\n\xff\n", r"vocabulary/tokens\.txt is damaged: it is not UTF-8"),
        ("labels.txt", b"", r"not those of the model.*\(where vocabulary/labels\.txt is empty\)"),
        ("labels.txt", b"N\n\xe9\n", r"vocabulary/labels\.txt is damaged: it is not UTF-8"),
        ("labels.txt", b"N\n", "not those of the model.*size mismatch"),
        ("non_padded_namespaces.txt", b"\xff\xfe", r"non_padded_namespaces\.txt is damaged: it is not UTF-8"),
    ],
)
def test_vocabulary(name: str, content: bytes, message: str, files: Files, tmp_path: Path) -> None:
    assert_told(files | {f"vocabulary/{name}": content}, tmp_path, "vocabulary", message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda config: None, r"config\.json is no object but null"),
        (lambda config: [config], r"config\.json is no object but a list"),
        (lambda config: {}, r'config\.json has no "dataset_reader"'),
        (lambda config: config | {"model": None}, r'config\.json: "model" is null'),
        (lambda config: config | {"dataset_reader": None}, r'config\.json: "dataset_reader" is null'),
        (lambda config: config | {"dataset_reader": 5}, r'config\.json: "dataset_reader" is a number'),
        (lambda config: config | {"model": {"type": None}}, "the model"),
        (lambda config: config | {"model": {"type": "simple_tagger"}}, 'key "text_field_embedder" is required'),
        (lambda config: config | {"model": config["model"] | {"encoder": None}}, "the model"),
        (lambda config: config | {"dataset_reader": {"type": "no such reader"}}, "no such reader"),
        (lambda config: config | {"model": language_model({"lstm": None})}, "structure is not that .*lstm"),
        (lambda config: with_size(config, None), "the model cannot be made of config.json"),
        (lambda config: with_size(config, "2"), "the model cannot be made of config.json|not those of the model"),
        (lambda config: with_size(config, -1), "the model cannot be made of config.json"),
        (lambda config: with_size(config, 0), "the model cannot be made of config.json"),
        (lambda config: with_size(config, 3), "not those of the model.*size mismatch"),
    ],
)
def test_config(change: Callable[[Any], Any], message: str, files: Files, tmp_path: Path) -> None:
    config = json.dumps(change(json.loads(files["config.json"]))).encode()
    assert_told(files | {"config.json": config}, tmp_path, "", message)


def language_model(options: Any) -> Any:
    return {"type": "elmo_language_model", "options": options}


def with_size(config: Any, size: Any) -> Any:
    encoder = {"type": "lstm", "input_size": 2, "hidden_size": size}
    return config | {"model": config["model"] | {"encoder": encoder}}


@pytest.mark.parametrize("name", ["config.json", "weights.th", "vocabulary/non_padded_namespaces.txt"])
def test_a_member_that_is_not_there(name: str, files: Files, tmp_path: Path) -> None:
    rest = {other: content for other, content in files.items() if other != name}
    path = write_archive(tmp_path, rest)
    for load in (open_archive, load_archive):
        with pytest.raises(
            ConfigurationError, match=rf"model\.tar\.gz, .*{Path(name).stem}.* does not exist|has no weights"
        ):
            load(path)


def test_a_gpu_that_is_not_there_is_no_damage(files: Files, tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match=r"^cuda_device 99: there is no such GPU"):
        load_archive(write_archive(tmp_path, files), cuda_device=99)


def test_random_damage_of_a_folder(files: Files, tmp_path: Path) -> None:
    """No check sum is over the other files of a run's folder: what loads has the same weights, or there is an error."""
    numbers = random.Random(16)
    expected = state_of(files)
    refused = 0
    for number in range(FLIPS):
        name = numbers.choice(["config.json", "weights.th", "vocabulary/tokens.txt", "vocabulary/labels.txt"])
        content = bytearray(files[name])
        content[numbers.randrange(len(content))] ^= 1 << numbers.randrange(8)
        path = write_folder(tmp_path / str(number), files | {name: bytes(content)})
        try:
            state = open_archive(path).model.state_dict()
        except ConfigurationError as error:
            assert str(path) in str(error), error  # noqa: PT017
            refused += 1
        else:
            assert all(torch.equal(weight, expected[key]) for key, weight in state.items())
    assert refused > FLIPS / 4


FLIPS = 60


EMBEDDER = "model.text_field_embedder.token_embedders.elmo"


def test_a_model_that_is_loaded_keeps_no_layers_on_disk(config: dict[str, Any], tmp_path: Path) -> None:
    """But one whose overrides ask for it, in the same folder too."""
    layers = tmp_path / "layers"
    config["model"]["text_field_embedder"]["token_embedders"]["elmo"]["cache"] = str(layers)
    train_model(Params(copy.deepcopy(config)), str(tmp_path / "run"))
    assert layers.is_dir(), "training has the cache"
    shutil.rmtree(layers)

    def use(archive: Path, overrides: Any = "") -> None:
        # A biLM that Python has not yet let go of would be shared, with its cache in a folder that is gone.
        gc.collect()
        opened = open_archive(archive, overrides=overrides)
        opened.model.forward_on_instances(list(opened.dataset_reader.read(config["train_data_path"])))

    for archive in (tmp_path / "run", tmp_path / "run/model.tar.gz"):
        use(archive)
        assert not layers.exists()
    tuned = {**copy.deepcopy(config), "model": {"type": "from_archive", "archive_file": str(tmp_path / "run")}}
    train_model(Params(copy.deepcopy(tuned)), str(tmp_path / "tuned"))
    use(tmp_path / "tuned/model.tar.gz")
    assert not layers.exists()
    for overrides in ({f"{EMBEDDER}.cache": str(layers)}, json.dumps({f"{EMBEDDER}.cache.path": str(layers)})):
        if isinstance(overrides, str):
            path = tmp_path / "run/config.json"
            path.write_text(path.read_text().replace(json.dumps(str(layers)), json.dumps({"path": "elsewhere"})))
        use(tmp_path / "run", overrides)
        assert layers.is_dir()
        shutil.rmtree(layers)


@pytest.mark.parametrize(
    ("overrides", "left"),
    [
        ([], {}),
        (["model.other.cache", "model.elmo.bilm"], {}),
        (["model.elmo.cache"], {"elmo": "a"}),
        (["model.more.0.cache.dtype"], {"more": {"path": "b"}}),
        (["model"], {"elmo": "a", "more": {"path": "b"}}),
    ],
)
def test_caches_that_overrides_speak_of_stay(overrides: list[str], left: dict[str, Any]) -> None:
    model = {"elmo": {"bilm": "mini", "cache": "a"}, "more": [{"transformer": "bert", "cache": {"path": "b"}}]}
    config: dict[str, Any] = {"model": {**model, "lru": {"cache": True}}}
    drop_caches(config, overrides)
    assert config["model"]["elmo"]["cache"] == left.get("elmo")
    assert config["model"]["more"][0]["cache"] == left.get("more")
    assert config["model"]["lru"] == {"cache": True}

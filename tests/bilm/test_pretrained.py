import hashlib
import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from _jsonnet import evaluate_snippet

from elmo_tasks.bilm import BiLM, BiLMOptions, PretrainedError, find_bilm, pretrained
from elmo_tasks.bilm.pretrained import is_bilm, whole_path


@pytest.fixture
def server(make_bilm: Callable[..., BiLM], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stands in for the published files' server; gives its folder. `requests` in that folder counts what was asked."""
    folder = tmp_path / "server"
    shape = pretrained.PUBLISHED["small"]
    bilm = make_bilm()
    bilm.save(folder / shape / f"elmo_{shape}_options.json", folder / shape / f"elmo_{shape}_weights.hdf5")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with open(folder / "requests", "a") as log:
                log.write(f"{self.path}\n")
            path = folder / self.path[1:]
            if not path.is_file():
                self.send_error(403 if "5.5B" in self.path else 404)
                return
            content = path.read_bytes()
            self.send_response(200)
            # A file named so is longer than what is sent of it.
            self.send_header("Content-Length", str(len(content) + (folder / "break").exists()))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=http.serve_forever, daemon=True).start()
    monkeypatch.setattr(pretrained, "_SERVER", f"http://127.0.0.1:{http.server_port}")
    monkeypatch.setenv("ELMO_TASKS_CACHE", str(tmp_path / "cache"))
    yield folder
    http.shutdown()
    http.server_close()


def test_published_files_are_downloaded_once(server: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = find_bilm("small")
    assert files == (tmp_path / "cache/small/options.json", tmp_path / "cache/small/weights.hdf5")
    report = capsys.readouterr().err
    for file in files:
        assert f"{file}: sha256 {hashlib.sha256(file.read_bytes()).hexdigest()}" in report
    assert "100 %" in report
    assert BiLM.from_files(*files).num_layers == 3
    assert find_bilm("small") == files
    assert len((server / "requests").read_text().splitlines()) == 2
    assert sorted(path.name for path in files.weight_file.parent.iterdir()) == ["options.json", "weights.hdf5"]


@pytest.mark.parametrize(("name", "status"), [("medium", "404 Not Found"), ("5.5B", "403 Forbidden")])
@pytest.mark.usefixtures("server")
def test_refused_download(name: str, status: str, tmp_path: Path) -> None:
    with pytest.raises(PretrainedError) as error:
        find_bilm(name)
    shape = pretrained.PUBLISHED[name]
    url, path = f"{pretrained._SERVER}/{shape}/elmo_{shape}_options.json", tmp_path / "cache" / name / "options.json"
    assert f"{url} could not be downloaded: the server answered {status}" in str(error.value)
    assert "moved or taken away" in str(error.value)
    assert f"put it at {path}" in str(error.value)
    assert not list(path.parent.iterdir())


def test_broken_download_leaves_nothing(server: Path, tmp_path: Path) -> None:
    (server / "break").touch()
    with pytest.raises(PretrainedError, match=r"the connection broke after \d+ of \d+ bytes\. .* put it at"):
        find_bilm("small")
    assert not list((tmp_path / "cache" / "small").iterdir())


def test_no_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pretrained, "_SERVER", "http://127.0.0.1:9")
    monkeypatch.setenv("ELMO_TASKS_CACHE", str(tmp_path))
    with pytest.raises(PretrainedError, match=r"original/options\.json"):
        find_bilm("original")


def test_files_put_there_by_hand(server: Path, tmp_path: Path) -> None:
    shape = pretrained.PUBLISHED["small"]
    folder = tmp_path / "cache" / "original"
    folder.mkdir(parents=True)
    for name in ("options.json", "weights.hdf5"):
        (server / shape / f"elmo_{shape}_{name}").rename(folder / name)
    assert BiLM.from_files(*find_bilm("original")).num_layers == 3


def test_default_cache_is_in_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ELMO_TASKS_CACHE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".cache" / "elmo_tasks" / "medium"
    folder.mkdir(parents=True)
    (folder / "options.json").touch()
    (folder / "weights.hdf5").touch()
    assert find_bilm("medium").weight_file == folder / "weights.hdf5"


def test_published_addresses() -> None:
    assert pretrained._SERVER == "https://s3-us-west-2.amazonaws.com/allennlp/models/elmo"
    assert set(pretrained.PUBLISHED) == {"small", "medium", "original", "5.5B"}


def test_bundled_biLM_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pretrained, "_MODELS", tmp_path)
    with pytest.raises(PretrainedError, match=r"no file .*mini/options\.json\. .* install elmo-tasks again"):
        find_bilm("mini")


def test_folder(make_bilm: Callable[..., BiLM], tmp_path: Path) -> None:
    make_bilm().save(tmp_path / "options.json", tmp_path / "weights.hdf5")
    assert find_bilm(tmp_path) == find_bilm(str(tmp_path))
    assert BiLM.from_files(*find_bilm(tmp_path)).num_layers == 3
    (tmp_path / "weights.hdf5").unlink()
    with pytest.raises(PretrainedError, match=r"no file .*weights\.hdf5"):
        find_bilm(tmp_path)


def test_unknown_name() -> None:
    names = r"mini, mini-zh, small, medium, original, 5\.5B"
    with pytest.raises(PretrainedError, match=f'no biLM "large": .* one of {names}, nor'):
        find_bilm("large")


@pytest.mark.parametrize("given", ["bert-base-uncased", "transformer:bert-base-uncased"])
def test_how_a_transformer_is_named(given: str) -> None:
    """Here as well, where one cannot be had: a command's prefix may have come into a config."""
    message = r'is named transformer:bert-base-uncased, and in a config by "transformer": "bert-base-uncased"\.$'
    with pytest.raises(PretrainedError, match=message):
        find_bilm(given)


def test_whole_paths_of_folders_but_not_of_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("mini", "original", "own"):
        Path(name).mkdir()
    given = ["mini", "original", "own", "./mini", "no-such", None]
    wanted = ["mini", "original", f"{tmp_path}/own", f"{tmp_path}/mini", "no-such", None]
    assert [whole_path(name) for name in given] == wanted


def test_home_folder(make_bilm: Callable[..., BiLM], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    files = (tmp_path / "mine" / "options.json", tmp_path / "mine" / "weights.hdf5")
    make_bilm().save(*files)
    assert find_bilm("~/mine") == find_bilm(None, "~/mine/options.json", "~/mine/weights.hdf5") == files
    assert is_bilm("~/mine")


def test_the_two_files(make_bilm: Callable[..., BiLM], tmp_path: Path) -> None:
    files = (tmp_path / "o.json", tmp_path / "w.hdf5")
    make_bilm().save(*files)
    assert find_bilm(None, *files) == find_bilm(None, *map(str, files)) == files
    assert find_bilm(None, *files, default="mini") == files
    with pytest.raises(PretrainedError, match=r"no file .*gone\.hdf5"):
        find_bilm(None, files[0], tmp_path / "gone.hdf5")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "There is no biLM: give its name"),
        (("mini", "options.json", "weights.hdf5"), "not both"),
        (("mini", None, "weights.hdf5"), "not both"),
        ((None, "options.json"), "biLM's weight file is missing"),
        ((None, None, "weights.hdf5"), "biLM's options file is missing"),
    ],
)
def test_exactly_one_biLM_is_meant(arguments: tuple[str | None, ...], message: str) -> None:
    with pytest.raises(PretrainedError, match=message):
        find_bilm(*arguments)


def test_default_where_nothing_is_given(tmp_path: Path) -> None:
    assert find_bilm(default="mini") == find_bilm("mini")
    with pytest.raises(PretrainedError, match="no biLM"):
        find_bilm(tmp_path / "gone", default="mini")


def test_published_addresses_are_the_names_files(server: Path) -> None:
    at = "https://s3-us-west-2.amazonaws.com/allennlp/models/elmo/2x1024_128_2048cnn_1xhighway"
    urls = [f"{at}/elmo_2x1024_128_2048cnn_1xhighway_{name}" for name in ("options.json", "weights.hdf5")]
    assert find_bilm(None, *urls) == find_bilm("small")
    assert len((server / "requests").read_text().splitlines()) == 2


def test_another_url_is_downloaded_once(server: Path, tmp_path: Path) -> None:
    for name in ("options.json", "weights.hdf5"):
        (server / "pt").mkdir(exist_ok=True)
        (server / "pt" / name).write_text(name)
    urls = [f"{pretrained._SERVER}/pt/{name}" for name in ("options.json", "weights.hdf5")]
    files = find_bilm(None, *urls)
    assert find_bilm(None, *urls) == files
    assert [file.read_text() for file in files] == ["options.json", "weights.hdf5"]
    assert all(tmp_path / "cache" / "urls" in file.parents for file in files)
    assert len((server / "requests").read_text().splitlines()) == 2


def test_what_is_a_biLM_can_be_told_without_a_download(make_bilm: Callable[..., BiLM], tmp_path: Path) -> None:
    make_bilm().save(tmp_path / "options.json", tmp_path / "weights.hdf5")
    assert all(map(is_bilm, ("mini", "original", tmp_path)))
    assert not is_bilm(tmp_path / "weights.hdf5")
    assert not is_bilm("large")


def test_output_dims_are_those_of_the_files_and_of_the_configs() -> None:
    dims = pretrained.OUTPUT_DIMS
    assert set(dims) == {*pretrained.BUNDLED, *pretrained.PUBLISHED}
    for name in pretrained.BUNDLED:
        assert dims[name] == BiLMOptions.from_file(find_bilm(name).options_file).output_dim
    for name, shape in pretrained.PUBLISHED.items():
        assert dims[name] == 2 * int(shape.split("_")[1])
    folder = Path(pretrained.__file__).parents[1] / "configs"
    snippet = "function(names) { [name]: (import 'bilms.libsonnet').dim(name) for name in names }"
    by_name = evaluate_snippet(f"{folder}/x", snippet, tla_codes={"names": json.dumps(list(dims))})
    assert json.loads(by_name) == dims

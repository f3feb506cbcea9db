import copy
import re
import signal
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from allennlp.commands.train import train_model
from allennlp.common import Params

from elmo_tasks.__main__ import main
from elmo_tasks.bilm import BiLM, BiLMOptions
from elmo_tasks.commands.serve import _indices

FIXTURE = Path(__file__).parents[2] / "fixtures/ner/train.txt"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A run's folder, of a tagger with a tiny biLM."""
    folder = tmp_path_factory.mktemp("serve")
    files = {"options_file": str(folder / "options.json"), "weight_file": str(folder / "weights.hdf5")}
    BiLM(BiLMOptions(filters=((1, 4), (2, 4)), num_highway=1, cell_dim=8, projection_dim=3)).save(**files)
    config = {
        "dataset_reader": {
            "type": "elmo_conll2003",
            "token_indexers": {"elmo": {"type": "elmo_character_ids"}, "tokens": {"type": "single_id"}},
            "max_instances": 4,
        },
        "train_data_path": str(FIXTURE),
        "model": {
            "type": "elmo_crf_tagger",
            "text_field_embedder": {"token_embedders": {"tokens": {"type": "embedding", "embedding_dim": 2}}},
            "elmo": {"bilm": files},
            "encoder": {"type": "lstm", "hidden_size": 4},
        },
        "data_loader": {"batch_size": 4},
        "trainer": {"num_epochs": 1, "optimizer": "adam", "cuda_device": -1},
    }
    train_model(Params(config), str(folder / "run"))
    return str(folder / "run")


def call(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["elmo-tasks", "elmo-serve", *arguments])
    main()


def test_it_serves_until_it_is_ended(
    run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    httpx = pytest.importorskip("httpx")
    server = pytest.importorskip("elmo_tasks.serving.server")
    (tmp_path / "corpus.txt").write_text("Ada met Bo .\nBo left .\n")
    (tmp_path / "examples.txt").write_text("Bo left.\n")
    answers: list[Any] = []
    listen = server.listen

    def ask(where: str) -> None:
        token = {"tokens": ["See", "Bo"], "position": 1, "same_word": True}
        answers.append(httpx.get(f"{where}/api/models").json())
        answers.append(httpx.post(f"{where}/api/predict/NER", json={"sentence": "Ada met Bo."}).json())
        answers.append(httpx.post(f"{where}/api/neighbors/again", json=token).json())
        signal.raise_signal(signal.SIGTERM)

    def listen_and_ask(*arguments: Any) -> Any:
        listening = listen(*arguments)
        threading.Thread(target=ask, args=[server.address(listening)]).start()
        return listening

    monkeypatch.setattr(server, "listen", listen_and_ask)
    files = ["--corpus", str(tmp_path / "corpus.txt"), "--examples", f"again={tmp_path / 'examples.txt'}"]
    call(f"NER={run}", f"again={run}/model.tar.gz", "--port", "0", *files, monkeypatch=monkeypatch)
    assert re.fullmatch(r"NER, again: http://127\.0\.0\.1:\d+ \(Ctrl-C ends it\)\n", capsys.readouterr().out)
    described, tagged, near = answers
    assert [model["name"] for model in described["models"]] == ["NER", "again"]
    assert [mix["place"] for mix in described["models"][0]["mixes"]] == ["input"]
    assert described["models"][1]["examples"] == [{"sentence": "Bo left."}]
    assert described["corpus"] == "corpus.txt"
    assert tagged["tokens"] == ["Ada", "met", "Bo", "."]
    assert {(one["line"], one["position"]) for one in near["neighbors"]} == {(1, 2), (2, 0)}


def test_predictors_and_overrides_reach_the_models(run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("fastapi")
    opened: list[Any] = []

    def stop(models: Any, corpus: Path) -> Any:
        opened.extend(models)
        raise KeyboardInterrupt

    monkeypatch.setattr("elmo_tasks.commands.serve._indices", stop)
    options = ["--predictor", "sentence_tagger", "--predictor", "b=elmo_tagger", "-o", '{"model.elmo.dtype": "int8"}']
    with pytest.raises(SystemExit):
        call(f"a={run}", f"b={run}", "--port", "0", *options, monkeypatch=monkeypatch)
    assert [type(model.predictor).__name__ for model in opened] == ["SentenceTaggerPredictor", "ElmoTaggerPredictor"]
    assert [model.bilm.dtype for model in opened] == [torch.int8, torch.int8]


def test_a_corpus_is_embedded_once_by_each_bilm(tmp_path: Path) -> None:
    (tmp_path / "corpus.txt").write_text("Ada met Bo .\n")
    bilm, other = (BiLM(BiLMOptions(filters=((1, 4),), cell_dim=8, projection_dim=3)) for _ in range(2))
    bilms = {"a": bilm, "b": copy.deepcopy(bilm), "c": other, "baseline": None}
    models: Any = [SimpleNamespace(name=name, bilm=bilm) for name, bilm in bilms.items()]
    indices = _indices(models, tmp_path / "corpus.txt")
    assert list(indices) == ["a", "b", "c"]
    assert indices["a"] is indices["b"] is not indices["c"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "nothing does not exist: give a run's folder or its model.tar.gz."),
        (["RUN", "RUN"], "Two models have the same name: give each its own, NAME=ARCHIVE."),
        (["a=RUN", "--examples", "b=x.txt"], '--examples: there is no model "b"; there are: a.'),
        (["a=RUN", "--examples", "a=nothing.txt"], "nothing.txt: No such file or directory."),
        (["a=RUN", "--corpus", "nothing.txt"], "There is no corpus nothing.txt."),
        (["a=RUN", "--predictor", "b=elmo_tagger"], '--predictor: there is no model "b"; there are: a.'),
        (["a=RUN", "-o", "{"], "STATIC ERROR: 1:2: unexpected: end of file"),
        (["a=RUN", "--predictor", "no_such"], "'no_such' is not a registered name for 'Predictor'"),
        (["a=RUN", "--port", "70000"], "127.0.0.1, port 70000: "),
        (["a=RUN", "--batch-size", "0"], "batch_size is 0"),
        (["a=RUN", "--cuda-device", "99"], "--cuda-device 99: there is no such GPU"),
    ],
)
def test_mistakes_end_with_a_message(
    arguments: list[str], message: str, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("fastapi")
    arguments = [argument.replace("RUN", run) for argument in arguments]
    with pytest.raises(SystemExit, match=f"^elmo-serve: {re.escape(message)}"):
        call("--port", "0", *arguments, monkeypatch=monkeypatch)


@pytest.mark.parametrize("missing", ["fastapi", "fastapi_offline", "uvicorn"])
def test_libraries_that_are_not_installed_are_said(missing: str, run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "elmo_tasks.serving.server", raising=False)
    monkeypatch.delitem(sys.modules, "elmo_tasks.serving.app", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(
        SystemExit, match=f'^elmo-serve: .*{missing} is not installed: pip install "fastapi>='
    ) as stopped:
        call(run, monkeypatch=monkeypatch)
    assert "\n" not in str(stopped.value)

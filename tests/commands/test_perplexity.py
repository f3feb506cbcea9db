import json
import sys
from pathlib import Path

import pytest

from elmo_tasks.__main__ import main
from elmo_tasks.bilm import BiLMOptions
from elmo_tasks.pretraining import CorpusVocabulary, LanguageModel

OPTIONS = BiLMOptions(character_dim=4, filters=((1, 4), (2, 8)), num_highway=1, cell_dim=16, projection_dim=8)


def test_so_many_tokens_are_read_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, out = tmp_path / "text.txt", tmp_path / "out.json"
    text.write_text("the cat saw the dog\na dog ran\n")
    model = LanguageModel(CorpusVocabulary.from_corpus(str(text)), OPTIONS.to_dict())
    monkeypatch.setattr("elmo_tasks.pretraining.perplexity.load_language_model", lambda archive, device: model)
    monkeypatch.setattr("allennlp.common.util.install_sigterm_handler", lambda: None)
    shapes: list[tuple[int, ...]] = []
    model.register_forward_pre_hook(
        lambda _, arguments, named: shapes.append(tuple(named["inputs"].shape)), with_kwargs=True
    )
    read, figures = [], []
    for options in ([], ["--window", "4"]):
        command = ["elmo-perplexity", "run", str(text), "--streams", "1", "--output-file", str(out), "--force"]
        monkeypatch.setattr(sys, "argv", ["elmo-tasks", *command, *options])
        main()
        figures.append(json.loads(out.read_text())[str(text)])
        read.append(shapes.copy())
        shapes.clear()
    # The text has ten tokens, sentence ends counted, in each direction.
    assert read == [[(2, 1, 20)], [(2, 1, 4)] * 3]
    assert figures[1] == pytest.approx(figures[0])

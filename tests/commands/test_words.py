import sys
from pathlib import Path

import numpy as np
import pytest
from allennlp.commands import main
from allennlp.common import Params
from allennlp.data import Vocabulary
from allennlp.modules.token_embedders import Embedding, TokenEmbedder

from elmo_tasks.bilm import BiLM, batch_to_ids, find_bilm
from elmo_tasks.vectors.static_vectors import VectorsError, write_words

WORDS = ["The", "naïve", "dog", ",", "東京"]


def call(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["allennlp", "elmo-words", *arguments])
    main()


@pytest.mark.parametrize("name", ["vectors.txt", "vectors.txt.gz"])
def test_stock_embedding_reads_what_the_command_writes(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    vocab = Vocabulary()
    vocab.add_tokens_to_namespace(WORDS, "tokens")
    (tmp_path / "words.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    out = tmp_path / name
    call(str(tmp_path / "words.txt"), str(out), "--digits", "9", monkeypatch=monkeypatch)
    bilm = BiLM.from_files(*find_bilm("mini"))
    dim = bilm.options.projection_dim
    assert capsys.readouterr().out == f"Wrote {out}: {len(WORDS)} words, {dim} numbers each.\n"
    params = Params({"type": "embedding", "embedding_dim": dim, "pretrained_file": str(out), "trainable": False})
    embedding = TokenEmbedder.from_params(params, vocab=vocab)
    assert isinstance(embedding, Embedding)
    token_layer = bilm(batch_to_ids([WORDS])).layers[0, 0].numpy()
    for position, word in enumerate(WORDS):
        vector = embedding.weight[vocab.get_token_index(word)].numpy()
        np.testing.assert_allclose(np.concatenate([vector, vector]), token_layer[position], rtol=0, atol=1e-5)


def test_mistakes_are_found_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vocabulary, out = tmp_path / "words.txt", tmp_path / "vectors.txt"
    vocabulary.write_text("The\n\ndog\n")
    with pytest.raises(SystemExit, match=r"elmo-words: .*words\.txt, line 2: the line is empty"):
        call(str(vocabulary), str(out), monkeypatch=monkeypatch)
    with pytest.raises(SystemExit, match='elmo-words: There is no biLM "nothing"'):
        call(str(vocabulary), str(out), "--bilm", "nothing", monkeypatch=monkeypatch)
    with pytest.raises(SystemExit, match="elmo-words: The biLM's weight file is missing"):
        call(str(vocabulary), str(out), "--options-file", "options.json", monkeypatch=monkeypatch)
    vocabulary.write_text("The\n")
    bilm = BiLM.from_files(*find_bilm("mini"))
    for wrong in (vocabulary, tmp_path):
        with pytest.raises(VectorsError, match="cannot be written to"):
            write_words(bilm, vocabulary, wrong)
    vocabulary.write_text("")
    with pytest.raises(VectorsError, match="has no words"):
        write_words(bilm, vocabulary, out)
    assert not out.exists()


@pytest.mark.parametrize("name", ["vectors.txt", "vectors.txt.gz"])
def test_a_file_of_ones_own_is_not_replaced(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vocabulary, out = tmp_path / "words.txt", tmp_path / name
    arguments = [str(vocabulary), str(out)]
    vocabulary.write_text("The\nköy\n", encoding="utf-8")
    # An empty file holds nothing that could be lost.
    out.touch()
    call(*arguments, monkeypatch=monkeypatch)
    written = out.read_bytes()
    call(*arguments, monkeypatch=monkeypatch)
    assert out.read_bytes() == written
    # A word more, which shows at the end only; another number of digits, which shows at once; and what is no vectors.
    vocabulary.write_text("The\nköy\n的猫\n", encoding="utf-8")
    for more in ([], ["--digits", "3"]):
        with pytest.raises(SystemExit, match=rf"elmo-words: .*{name} is there already.*--force"):
            call(*arguments, *more, monkeypatch=monkeypatch)
        assert out.read_bytes() == written
    out.write_text("my thesis")
    with pytest.raises(SystemExit, match="is there already"):
        call(*arguments, monkeypatch=monkeypatch)
    assert out.read_text() == "my thesis"
    assert [path.name for path in tmp_path.iterdir() if path.name not in ("words.txt", name)] == []
    call(*arguments, "--force", monkeypatch=monkeypatch)
    assert out.read_bytes() != written

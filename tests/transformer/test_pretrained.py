import json
import shutil
from pathlib import Path

import pytest
import torch

from elmo_tasks.transformer import TransformerError, read_transformer
from elmo_tasks.transformer.pretrained import is_transformer


def test_what_is_no_transformer(tmp_path: Path, bert: Path) -> None:
    assert is_transformer(bert)
    assert not is_transformer(tmp_path)
    with pytest.raises(TransformerError, match="has no config"):
        read_transformer(tmp_path)
    for name in (tmp_path / "nothing", str(tmp_path / "nothing"), "./nothing", "a/b/c", ""):
        with pytest.raises(TransformerError, match="There is no folder"):
            read_transformer(name)


@pytest.mark.parametrize("config", ["{}", "[]", "{", '"model_type"'])
def test_a_transformers_config_has_its_model_type(config: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(config)
    assert not is_transformer(tmp_path)


def test_a_name_that_the_hub_would_have_to_know(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants
    import transformers.utils.hub

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(transformers.utils.hub, "_is_offline_mode", True)
    with pytest.raises(TransformerError, match=r'"no-such/bert" cannot be had; .* looked for on the hub') as error:
        read_transformer("no-such/bert")
    assert "\n" not in str(error.value)


def damaged(bert: Path, folder: Path) -> Path:
    shutil.copytree(bert, folder)
    return folder


def test_damage_is_one_line(bert: Path, tmp_path: Path) -> None:
    (damaged(bert, tmp_path / "config") / "config.json").write_text("{")
    (damaged(bert, tmp_path / "weights") / "model.safetensors").write_bytes(b"\0" * 40)
    (damaged(bert, tmp_path / "gone") / "model.safetensors").unlink()
    (damaged(bert, tmp_path / "tokens") / "tokenizer.json").write_text("{}")
    for folder in tmp_path.iterdir():
        with pytest.raises(TransformerError, match=f'The transformer "{folder}" cannot be had: ') as error:
            read_transformer(folder)
        assert "\n" not in str(error.value)


def test_missing_weights_are_not_made_up(bert: Path, tmp_path: Path) -> None:
    config = json.loads((damaged(bert, tmp_path / "deep") / "config.json").read_text())
    (tmp_path / "deep/config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))
    with pytest.raises(TransformerError, match=r"lacks 16 weights, such as encoder\.layer\.2"):
        read_transformer(tmp_path / "deep")


def test_a_tokenizer_of_another_transformer(bert: Path, roberta: Path, tmp_path: Path) -> None:
    shutil.copytree(roberta, tmp_path / "mixed")
    for name in ("config.json", "model.safetensors"):
        shutil.copy(bert / name, tmp_path / "mixed")
    with pytest.raises(TransformerError, match="they do not belong together"):
        read_transformer(tmp_path / "mixed")


def test_code_that_comes_with_a_model_is_not_run(bert: Path, tmp_path: Path) -> None:
    folder = damaged(bert, tmp_path / "code")
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'was_run')!r}, 'w')\nclass Evil: pass\n")
    config = json.loads((folder / "config.json").read_text())
    auto_map = {"AutoConfig": "evil.Evil", "AutoModel": "evil.Evil", "AutoTokenizer": ["evil.Evil", "evil.Evil"]}
    (folder / "config.json").write_text(json.dumps(config | {"auto_map": auto_map, "model_type": "evil"}))
    with pytest.raises(TransformerError):
        read_transformer(folder)
    assert not (tmp_path / "was_run").exists()


def test_an_encoder_and_a_decoder(tmp_path: Path, bert: Path) -> None:
    from transformers import T5Config, T5Model

    for path in bert.glob("*token*"):
        shutil.copy(path, tmp_path)
    shutil.copy(bert / "vocab.txt", tmp_path)
    torch.manual_seed(0)
    config = T5Config(vocab_size=120, d_model=8, d_kv=4, d_ff=8, num_layers=2, num_heads=2, decoder_start_token_id=0)
    T5Model(config).save_pretrained(tmp_path)
    transformer = read_transformer(tmp_path)
    assert transformer.max_pieces is None
    layers, mask = transformer(transformer.ids([["the", "cats", "sat"], ["anna"]]))
    assert layers.shape == (2, 3, 3, 8)
    assert mask.sum() == 4
    transformer.save(tmp_path / "copy")
    again = read_transformer(tmp_path / "copy")
    torch.testing.assert_close(again(again.ids([["the", "cats", "sat"], ["anna"]])).layers, layers)

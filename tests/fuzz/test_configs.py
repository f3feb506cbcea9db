"""Configs, and what is added to them: a config with ELMo, or one line."""

import json
from pathlib import Path
from typing import Any

import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, TokenIndexer
from allennlp.modules import TokenEmbedder
from fuzzing import Chance, damaged, fuzz, strange_json, write

import elmo_tasks.embedders  # noqa: F401 (registers)
from elmo_tasks.commands.command import is_mistake
from elmo_tasks.configs.add import add_elmo, read_config
from elmo_tasks.files import JSONError, parse_json

TAGGER: dict[str, Any] = {
    "dataset_reader": {"type": "sequence_tagging", "token_indexers": {"tokens": {"type": "single_id"}}},
    "train_data_path": "train.txt",
    "model": {
        "type": "simple_tagger",
        "text_field_embedder": {"token_embedders": {"tokens": {"type": "embedding", "embedding_dim": 6}}},
        "encoder": {"type": "lstm", "input_size": 6, "hidden_size": 8},
    },
    "trainer": {"num_epochs": 2},
}

JSONNET = b"""
local size = 6;
local stdlib = import 'elmo.libsonnet';
{
  dataset_reader: { type: 'sequence_tagging' },
  model: {
    type: 'simple_tagger',
    text_field_embedder: { token_embedders: { tokens: { type: 'embedding', embedding_dim: size } } },
    encoder: { type: 'lstm', input_size: $.model.text_field_embedder.token_embedders.tokens.embedding_dim },
  },
  trainer: { num_epochs: std.parseInt('2') },
}
"""


def test_elmo_add(tmp_path: Path) -> None:
    path = tmp_path / "tagger.json"

    def check(chance: Chance) -> None:
        text = strange_json(TAGGER, chance)
        write(path, text.encode(errors="replace"), chance)
        config = read_config(str(path))
        added = add_elmo(config, "mini", sizes=chance.choice([None, None, ["model.encoder.input_size"]]))
        # All that was there is there.
        embedders = added["model"]["text_field_embedder"]["token_embedders"]
        assert embedders["elmo"]["type"] == "elmo"
        if "encoder" in config["model"]:
            assert added["model"]["encoder"]["input_size"] == config["model"]["encoder"]["input_size"] + 512
        assert added.get("trainer") == config.get("trainer")

    fuzz(check, ConfigurationError)


def test_parameters() -> None:
    def check(chance: Chance) -> None:
        text = strange_json(
            {"dropout": 0.5, "layers": "all", "cache": "folder", "scalar_mix_parameters": [1, 2, 3]}, chance
        )
        parameters = parse_json(text if chance.random() < 0.7 else damaged(text.encode(errors="replace"), chance))
        added = add_elmo(TAGGER, "mini", parameters=parameters)
        embedder = added["model"]["text_field_embedder"]["token_embedders"]["elmo"]
        for name, value in (parameters or {}).items():
            # Jsonnet's numbers are of double precision.
            assert embedder[name] == (float(value) if isinstance(value, int) else value)

    fuzz(check, ConfigurationError, JSONError)


def test_jsonnet(tmp_path: Path) -> None:
    path = tmp_path / "tagger.jsonnet"

    def check(chance: Chance) -> None:
        write(path, damaged(JSONNET, chance), chance)
        config = read_config(str(path))
        assert json.loads(json.dumps(config)) == config
        add_elmo(config, "mini")

    fuzz(check, ConfigurationError)


PARTS: list[tuple[Any, dict[str, Any]]] = [
    (DatasetReader, {"type": "elmo_conll2003", "tag_column": "ner", "coding_scheme": "BIOUL", "max_instances": 3}),
    (DatasetReader, {"type": "elmo_snli", "tokens_from": "text", "skip_bad_lines": False, "labels": ["yes", "no"]}),
    (
        DatasetReader,
        {
            "type": "elmo_squad",
            "max_passage_tokens": 9,
            "long_passages": "window",
            "window_stride": 3,
            "answerable_only": True,
        },
    ),
    (DatasetReader, {"type": "elmo_relations", "tokenizer": "whitespace", "skip_bad_lines": True, "labels": ["Other"]}),
    (DatasetReader, {"type": "elmo_coref", "genre_pattern": "(..)/", "remove_singletons": True, "max_instances": 3}),
    (DatasetReader, {"type": "elmo_srl", "max_tokens": 9, "label_namespace": "roles", "max_instances": 3}),
    (DatasetReader, {"type": "elmo_sampled", "base_reader": {"type": "elmo_snli"}, "fraction": 0.5, "seed": 1}),
    (TokenIndexer, {"type": "elmo_character_ids", "token_min_padding_length": 0, "tokens_to_add": {"<S>": 1}}),
    (TokenEmbedder, {"type": "elmo", "bilm": "mini", "dropout": 0.5, "layers": "all", "cache": {"path": "cache"}}),
    (TokenEmbedder, {"type": "elmo", "bilm": "mini", "requires_grad": False, "stateful": False, "dtype": "float32"}),
    (TokenEmbedder, {"type": "elmo", "bilm": "mini", "scalar_mix_parameters": [1, 2, 3], "projection_dim": 5}),
]


@pytest.mark.parametrize("number", range(len(PARTS)))
def test_parts_of_a_config(number: int) -> None:
    base, given = PARTS[number]

    def check(chance: Chance) -> None:
        params = parse_json(strange_json(given, chance))
        if not isinstance(params, dict) or not isinstance(params.get("type"), str):
            params = {**given, "type": given["type"]}
        try:
            base.from_params(Params(params))
        except (TypeError, ValueError) as error:
            # AllenNLP's own word for a wrong type, which the commands tell in a line.
            if not is_mistake(error):
                raise
            raise ConfigurationError(str(error)) from None

    fuzz(check, ConfigurationError, JSONError)

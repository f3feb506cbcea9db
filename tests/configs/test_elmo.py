"""`elmo.libsonnet`: the configs of stock models, with ELMo added, are right to a field and train."""

import copy
import importlib
import importlib.util
import json
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from _jsonnet import evaluate_file, evaluate_snippet
from allennlp.commands.train import TrainModel
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from stock_models import (
    CASES,
    EMBEDDER,
    TAGGED,
    TAGGING,
    TOKENS,
    WORDS,
    Case,
    decomposable,
    feedforward,
    lstm,
    pass_through,
)

from elmo_tasks.bilm import find_bilm
from elmo_tasks.configs.add import LIBRARY, add_elmo

SHIPPED = Path(__file__).parents[2] / "training_configs"

MINI = 512
"""Length of the biLM's vectors."""

ELMO = {"type": "elmo", "bilm": "mini", "dropout": 0}
INDEXER = {"type": "elmo_character_ids"}
STOCK_FILES = {
    name: f"https://example.org/elmo_2x4096_512_2048cnn_2xhighway_{file}"
    for name, file in (("options_file", "options.json"), ("weight_file", "weights.hdf5"))
}


def field(config: Any, path: str) -> Any:
    for key in path.split("."):
        config = config[int(key) if key.isdigit() else key]
    return config


def change(config: Any, path: str, to: Any) -> None:
    *above, last = path.split(".")
    owner = field(config, ".".join(above)) if above else config
    owner[int(last) if isinstance(owner, list) else last] = to


def without_nulls(value: Any) -> Any:
    """A field that is null says no more than one that is not there."""
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return value


def expected(case: Case) -> dict[str, Any]:
    """What the config must be with ELMo, written down from the case."""
    config = copy.deepcopy(case.config())
    model, reader = config["model"], config["dataset_reader"]
    for path, times in case.growth.items():
        change(config, path, field(config, path) + times * MINI)
    for path in case.gone:
        change(config, path, None)
    name = "input_elmo" if model["type"] == "bcn" else "elmo"
    if model["type"].startswith("elmo_"):
        model["elmo"] = {"bilm": "mini", "dropout": 0}
    else:
        (key,) = (key for key, part in model.items() if isinstance(part, dict) and "token_embedders" in part)
        model[key]["token_embedders"][name] = ELMO
    if reader["type"] == "seq2seq":
        reader["source_token_indexers"] = {**TOKENS, name: INDEXER}
        reader["target_token_indexers"] = TOKENS
    else:
        reader["token_indexers"] = {**TOKENS, name: INDEXER}
    return without_nulls(config)


@cache
def with_elmo(name: str) -> dict[str, Any]:
    return add_elmo(CASES[name].config())


@pytest.mark.parametrize("name", CASES)
def test_nothing_changes_but_what_must(name: str) -> None:
    case = CASES[name]
    assert without_nulls(with_elmo(name)) == expected(case)


@pytest.mark.parametrize("name", CASES)
def test_a_config_trains(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = CASES[name]
    if case.package is not None:
        if importlib.util.find_spec("allennlp_models") is None:
            pytest.skip("allennlp-models is not installed")
        importlib.import_module(case.package)
    # nltk, which reads the parser's trees, reads from these folders only.
    monkeypatch.setattr("nltk.data.path", [str(tmp_path)])
    data = tmp_path / case.file
    data.write_text(case.data)
    # The reader "srl" reads a folder.
    path = str(tmp_path if case.file != "data" else data)
    params = Params(copy.deepcopy({**with_elmo(name), "train_data_path": path}))
    loop = TrainModel.from_params(params, serialization_dir=str(tmp_path / "run"), local_rank=0)
    metrics = loop.run()
    assert math.isfinite(metrics["training_loss"])
    gammas = [weight for name, weight in loop.model.named_parameters() if name.endswith("gamma")]
    assert [weight.item() for weight in gammas if weight.item() != 1.0], "the loss has not reached ELMo"


# Readers


def test_every_reader_gets_the_indexer() -> None:
    config = CASES["simple_tagger"].config()
    config["dataset_reader"] = {
        "type": "multitask",
        "readers": {"a": TAGGING, "b": {"type": "sharded", "base_reader": {"type": "snli"}}, "c": "sst_tokens"},
    }
    config["validation_dataset_reader"] = {
        "type": "interleaving",
        "readers": {"a": {"type": "custom", "question_token_indexers": TOKENS, "passage_token_indexers": TOKENS}},
    }
    both = {**TOKENS, "elmo": INDEXER}
    added = add_elmo(config)
    assert added["dataset_reader"]["readers"] == {
        "a": {"type": "sequence_tagging", "token_indexers": both},
        "b": {"type": "sharded", "base_reader": {"type": "snli", "token_indexers": both}},
        "c": {"type": "sst_tokens", "token_indexers": both},
    }
    assert added["validation_dataset_reader"]["readers"] == {
        "a": {"type": "custom", "question_token_indexers": both, "passage_token_indexers": both}
    }


@pytest.mark.parametrize("given", [None, {}])
def test_a_reader_without_indexers_keeps_its_default(given: Any) -> None:
    config = CASES["simple_tagger"].config()
    config["dataset_reader"] = {"type": "sequence_tagging", "token_indexers": given}
    assert add_elmo(config)["dataset_reader"]["token_indexers"] == {**TOKENS, "elmo": INDEXER}


def test_the_target_of_a_sequence_gets_no_elmo() -> None:
    config = CASES["simple_seq2seq"].config()
    source, target = {"source": {"type": "single_id"}}, {"target": {"type": "single_id", "namespace": "target"}}
    config["dataset_reader"] = {"type": "seq2seq", "source_token_indexers": source, "target_token_indexers": target}
    added = add_elmo(config)["dataset_reader"]
    assert added["source_token_indexers"] == {**source, "elmo": INDEXER}
    assert added["target_token_indexers"] == target
    # Without its own, seq2seq gives the target the source's.
    del config["dataset_reader"]["target_token_indexers"]
    assert add_elmo(config)["dataset_reader"]["target_token_indexers"] == source
    # That of copynet is always words.
    config["dataset_reader"] = {"type": "copynet_seq2seq", "target_namespace": "target"}
    assert set(add_elmo(config)["dataset_reader"]) == {"type", "target_namespace", "source_token_indexers"}


# The biLM, its parameters and sizes


@pytest.mark.parametrize(
    ("bilm", "dim"),
    [
        ("original", 1024),
        ("medium", 512),
        ({"options_file": "a/options.json", "weight_file": "a/weights.hdf5", "dim": 10}, 10),
    ],
)
def test_any_bilm(bilm: Any, dim: int) -> None:
    added = add_elmo(CASES["simple_tagger"].config(), bilm)["model"]
    assert added["encoder"]["input_size"] == WORDS + dim
    given = {key: bilm[key] for key in ("options_file", "weight_file")} if isinstance(bilm, dict) else bilm
    assert added["text_field_embedder"]["token_embedders"]["elmo"]["bilm"] == given


def test_parameters_of_the_embedder() -> None:
    added = add_elmo(CASES["simple_tagger"].config(), parameters={"dropout": 0.5, "projection_dim": 7})["model"]
    embedder = added["text_field_embedder"]["token_embedders"]["elmo"]
    assert embedder == {**ELMO, "dropout": 0.5, "projection_dim": 7}
    assert added["encoder"]["input_size"] == WORDS + 7


@pytest.mark.parametrize("place", ["input", "output", "both"])
def test_our_own_models_find_their_sizes(place: str) -> None:
    placed = add_elmo(CASES["elmo_crf_tagger"].config(), parameters={"place": place})
    assert placed["model"]["elmo"] == {"bilm": "mini", "dropout": 0, "place": place}
    assert add_elmo(placed, "original", replace=True)["model"]["elmo"]["bilm"] == "original"
    # The user's sizes come from before.
    placed["model"]["encoder"]["input_size"] = WORDS
    for change in ({"bilm": "original"}, {"parameters": {"place": "input", "dropout": 0.5}}):
        replaced = add_elmo(placed, replace=True, **change)["model"]
        assert "input_size" not in replaced["encoder"]
        assert "input_dim" not in replaced["feedforward"]
        assert replaced["encoder"]["hidden_size"] == 2


@pytest.mark.parametrize("sizes", [None, ["model.width"], []])
def test_every_model_of_ours_has_elmo_as_its_parameter(sizes: list[str] | None) -> None:
    """Also one that this library has never heard of."""
    config = edited("simple_tagger", model__type="elmo_of_tomorrow", model__width=4)
    config["model"]["words"] = {"embedding_dim": 3}
    model = add_elmo(config, {"options_file": "a", "weight_file": "b", "dim": 10}, sizes=sizes)["model"]
    assert model["elmo"] == {"bilm": {"options_file": "a", "weight_file": "b"}, "dropout": 0}
    assert model["text_field_embedder"] == EMBEDDER
    assert model["width"] == (14 if sizes else 4)
    assert model["words"] == {"embedding_dim": 3}
    assert model["encoder"].get("input_size") == (None if sizes is None else WORDS)


def test_sizes_that_are_named() -> None:
    config = CASES["simple_tagger"].config()
    config["model"] = {
        "type": "unheard_of",
        "text": {"inner": EMBEDDER},
        "layers": [{"width": 6}, {"width": 12}],
        "both": 4,
    }
    added = add_elmo(config, sizes=["model.layers.0.width", "model.layers.1.width:2", "model.both:0.5"])["model"]
    assert added["text"]["inner"]["token_embedders"]["elmo"] == ELMO
    assert added["layers"] == [{"width": 6 + MINI}, {"width": 12 + 2 * MINI}]
    assert added["both"] == 4 + MINI // 2
    assert add_elmo(config, sizes=[])["model"]["layers"] == config["model"]["layers"]


def test_the_sizes_that_are_named_are_the_only_ones() -> None:
    case = decomposable({"premise_encoder": lstm(WORDS, WORDS // 2)}, {})
    sizes = [
        "model.premise_encoder.input_size",
        "model.premise_encoder.hidden_size:0.5",
        "model.attend_feedforward.input_dim",
        "model.compare_feedforward.input_dim:2",
    ]
    model = add_elmo(case.config(), sizes=sizes)["model"]
    assert model["premise_encoder"]["hidden_size"] == WORDS // 2 + MINI // 2
    assert model["compare_feedforward"]["input_dim"] == 2 * (WORDS + MINI)
    assert model["aggregate_feedforward"]["input_dim"] == 6


# Replacing


def with_stock_elmo(**parameters: Any) -> dict[str, Any]:
    config = copy.deepcopy(CASES["simple_tagger"].config())
    embedders = config["model"]["text_field_embedder"]["token_embedders"]
    embedders["contextual"] = {"type": "elmo_token_embedder", **parameters}
    config["model"]["encoder"]["input_size"] = WORDS + 1024
    return config


def test_replacing_stocks_embedder_changes_its_type_alone() -> None:
    config = with_stock_elmo(**STOCK_FILES, do_layer_norm=True)
    changed = copy.deepcopy(config)
    changed["model"]["text_field_embedder"]["token_embedders"]["contextual"]["type"] = "elmo"
    assert add_elmo(config, replace=True) == changed


def test_replacing_with_another_bilm_changes_the_sizes_by_the_difference() -> None:
    model = add_elmo(with_stock_elmo(**STOCK_FILES, dropout=0.1), "mini", replace=True)["model"]
    assert model["text_field_embedder"]["token_embedders"]["contextual"] == {
        "type": "elmo",
        "bilm": "mini",
        "dropout": 0.1,
    }
    assert model["encoder"]["input_size"] == WORDS + MINI


def test_replacing_stocks_default_bilm() -> None:
    embedder = add_elmo(with_stock_elmo(), replace=True)["model"]["text_field_embedder"]["token_embedders"]
    assert embedder["contextual"] == {"type": "elmo", "bilm": "original"}
    assert add_elmo(with_stock_elmo(), "small", replace=True)["model"]["encoder"]["input_size"] == WORDS + 256


def test_replacing_files_whose_length_must_be_told() -> None:
    config = with_stock_elmo(options_file="a.json", weight_file="a.hdf5")
    with pytest.raises(ConfigurationError, match=r"give old_dim \(--old-dim\), twice the projection_dim"):
        add_elmo(config, "mini", replace=True)
    assert add_elmo(config, "mini", replace=True, old_dim=1024)["model"]["encoder"]["input_size"] == WORDS + MINI


def test_replacing_where_a_projection_keeps_the_length() -> None:
    config = with_stock_elmo(options_file="a.json", weight_file="a.hdf5", projection_dim=1024)
    assert add_elmo(config, "mini", replace=True)["model"]["encoder"]["input_size"] == WORDS + 1024
    shorter = add_elmo(config, "mini", replace=True, parameters={"projection_dim": 24})
    assert shorter["model"]["encoder"]["input_size"] == WORDS + 24


def test_replacing_our_own() -> None:
    added = with_elmo("simple_tagger")
    assert add_elmo(added, "original", replace=True) == add_elmo(CASES["simple_tagger"].config(), "original")
    added = with_elmo("elmo_crf_tagger")
    assert add_elmo(added, "original", replace=True) == add_elmo(CASES["elmo_crf_tagger"].config(), "original")


def test_a_replaced_stock_embedder_trains(tmp_path: Path) -> None:
    options_file, weight_file = map(str, find_bilm("mini"))
    config = with_stock_elmo(options_file=options_file, weight_file=weight_file)
    config["model"]["encoder"]["input_size"] = WORDS + MINI
    config["dataset_reader"] = {**TAGGING, "token_indexers": {**TOKENS, "contextual": {"type": "elmo_characters"}}}
    (tmp_path / "data").write_text(TAGGED)
    config["train_data_path"] = str(tmp_path / "data")
    params = Params(add_elmo(config, replace=True))
    metrics = TrainModel.from_params(params, serialization_dir=str(tmp_path / "run"), local_rank=0).run()
    assert math.isfinite(metrics["training_loss"])


# What is refused


def refuses(message: str, **arguments: Any) -> Callable[[Any], None]:
    def check(config: Any) -> None:
        with pytest.raises(ConfigurationError, match=message):
            add_elmo(config, **arguments)

    return check


def edited(name: str, **edits: Any) -> dict[str, Any]:
    """A case's config with fields changed: `model__encoder` is `model.encoder`; None takes one out."""
    config = copy.deepcopy(CASES[name].config())
    for key, value in edits.items():
        change(config, key.replace("__", "."), value)
    return without_nulls(config)


def test_what_is_no_config() -> None:
    refuses("This is no config but array")([])
    refuses('it has no "model"')({"dataset_reader": TAGGING})
    refuses('it has no "dataset_reader"')(edited("simple_tagger", dataset_reader=None))
    refuses("dataset_reader is no dataset reader but array")(edited("simple_tagger", dataset_reader=[]))
    refuses('nothing in "model" has "token_embedders"')(edited("simple_tagger", model__text_field_embedder=None))


def test_adding_twice() -> None:
    message = r"There is ELMo already, at model\.text_field_embedder\.token_embedders\.elmo\. .*replace=true"
    refuses(message)(with_elmo("simple_tagger"))
    refuses(r"There is ELMo already, at model\.elmo\.")(with_elmo("elmo_crf_tagger"))
    refuses(r"ELMo already, at model\.text_field_embedder\.token_embedders\.contextual\.")(with_stock_elmo())
    indexers = {**TOKENS, "elmo": INDEXER}
    refuses(r'dataset_reader\.token_indexers has an indexer called "elmo" already')(
        edited("simple_tagger", dataset_reader__token_indexers=indexers)
    )


def test_replacing_what_is_not_there_or_already_so() -> None:
    refuses("There is no ELMo to be replaced", replace=True)(CASES["simple_tagger"].config())
    refuses("is what it would be replaced by already", replace=True)(with_elmo("simple_tagger"))


def test_an_unknown_model() -> None:
    config = edited("simple_tagger", model__type="unheard_of")
    refuses(r'model "unheard_of" is not known.*raised by 512 in sizes, such as "model\.encoder\.input_size"')(config)


def test_sizes_that_are_not_there() -> None:
    config = CASES["simple_tagger"].config()
    refuses(
        r'There is no "size" in model\.encoder, only: bidirectional, hidden_size, input_size, type\.',
        sizes=["model.encoder.size"],
    )(config)
    refuses('There is no "modle" in the config, only', sizes=["modle.encoder"])(config)
    refuses('sizes has "model.encoder.input_size:two"', sizes=["model.encoder.input_size:two"])(config)
    refuses("sizes must be a list of fields, and is string", sizes="model.encoder.input_size")(config)
    refuses(r"model\.encoder\.type cannot be raised: it is no number but lstm", sizes=["model.encoder.type"])(config)
    refuses(r"input_size would be 6\.5, which is not a whole", sizes=["model.encoder.input_size:0.0009765625"])(config)


def test_an_unknown_bilm() -> None:
    refuses('There is no biLM called "big", only', bilm="big")(CASES["simple_tagger"].config())
    refuses('needs "dim" too', bilm={"options_file": "a", "weight_file": "b"})(CASES["simple_tagger"].config())


def test_parts_whose_sizes_do_not_follow() -> None:
    refuses(r"model\.encoder must take an input that is longer by 512, and has none of the fields input_size")(
        edited("simple_tagger", model__encoder={"type": "mine", "width": 6})
    )
    refuses(r'model\.encoder is a "gated-cnn-encoder"')(
        edited("simple_tagger", model__encoder={"type": "gated-cnn-encoder", "input_dim": 6, "layers": [[[1, 6]]]})
    )
    refuses(r"How much longer the input of model\.feedforward must be is not known")(
        edited("crf_tagger", model__encoder={"type": "mine", "input_dim": 6})
    )
    refuses(r"model\.decoder must take an input that is longer by 512")(
        edited("composed_seq2seq", model__encoder=pass_through())
    )
    refuses(r"How much longer the input of model\.feedforward must be")(
        edited("constituency_parser, endpoints", model__feedforward=feedforward(12))
    )
    refuses(r"model\.premise_encoder must give vectors as long as those it takes")(
        decomposable({"premise_encoder": lstm(WORDS, WORDS // 2)}, {}).config()
    )


def test_stock_models_with_a_way_of_their_own() -> None:
    refuses(r'model\.elmo is the ELMo that the model "bcn" runs itself')(edited("bcn", model__elmo=STOCK_FILES))
    refuses(r"model\.target_embedding_dim is not given")(
        edited("simple_seq2seq", model__target_embedding_dim=None, model__target_pretrain_file="glove.txt")
    )


# In jsonnet


def test_a_jsonnet_config_that_derives_one_size_from_another() -> None:
    added = json.loads(
        evaluate_snippet(
            str(SHIPPED / "lib" / "test"),
            """
            local elmo = import 'elmo.libsonnet';
            elmo.add({
              local config = self,
              hidden:: 3,
              dataset_reader: { type: 'sequence_tagging' },
              model: {
                type: 'crf_tagger',
                text_field_embedder: { token_embedders: { tokens: { type: 'embedding', embedding_dim: 6 } } },
                encoder: { type: 'pass_through', input_dim: 6 },
                feedforward: { input_dim: config.model.encoder.input_dim, hidden_dims: config.hidden },
              },
            }) + { model+: { dropout: 0.5 } }
            """,
        )
    )
    assert added["model"]["encoder"]["input_dim"] == 6 + MINI
    assert added["model"]["feedforward"] == {"input_dim": 6 + MINI, "hidden_dims": 3}
    assert added["model"]["dropout"] == 0.5


def test_a_baseline_with_elmo_is_the_shipped_config_with_elmo() -> None:
    folder = SHIPPED / "ner"
    baseline, elmo = (
        json.loads(evaluate_file(str(folder / f"{name}.jsonnet"))) for name in ("fixture_baseline", "fixture_elmo")
    )
    assert "elmo" not in baseline["model"]
    parameters = {name: value for name, value in elmo["model"]["elmo"].items() if name not in ("bilm", "dropout")}
    assert add_elmo(baseline, elmo["model"]["elmo"]["bilm"], parameters=parameters) == elmo


def test_the_library_is_in_the_package() -> None:
    assert LIBRARY.is_file()
    thin = SHIPPED / "lib" / "elmo.libsonnet"
    assert f"import '../../{LIBRARY.relative_to(LIBRARY.parents[2])}'" in thin.read_text()


# A transformer in the biLM's place

TRANSFORMER = {"transformer": "some/bert", "dim": 10}
TRANSFORMERS_INDEXER = {"type": "elmo_transformer_ids", "transformer": "some/bert"}


def test_a_transformer_is_added() -> None:
    added = add_elmo(CASES["simple_tagger"].config(), TRANSFORMER)
    assert added["dataset_reader"]["token_indexers"] == {**TOKENS, "elmo": TRANSFORMERS_INDEXER}
    embedders = added["model"]["text_field_embedder"]["token_embedders"]
    assert embedders["elmo"] == {"type": "elmo", "transformer": "some/bert", "dropout": 0}
    assert added["model"]["encoder"]["input_size"] == WORDS + 10
    own = add_elmo(CASES["elmo_crf_tagger"].config(), {"transformer": {"name": "a", "keep": True}, "dim": 10})
    assert own["model"]["elmo"] == {"transformer": {"name": "a", "keep": True}, "dropout": 0}


@pytest.mark.parametrize("name", ["simple_tagger", "elmo_crf_tagger"])
def test_a_transformer_takes_a_bilms_place_and_gives_it_back(name: str) -> None:
    config = CASES[name].config()
    with_bilm, with_transformer = add_elmo(config, "mini"), add_elmo(config, TRANSFORMER)
    replaced = add_elmo(with_bilm, TRANSFORMER, replace=True)
    assert replaced == with_transformer
    assert add_elmo(replaced, "mini", replace=True, old_dim=10) == with_bilm
    other = {"transformer": "other/bert", "dim": 20}
    assert add_elmo(replaced, other, replace=True, old_dim=10) == add_elmo(config, other)


def test_stocks_indexers_are_replaced_with_stocks_embedder() -> None:
    config = with_stock_elmo(**STOCK_FILES)
    indexers = {**TOKENS, "contextual": {"type": "elmo_characters"}, "short": "elmo_characters"}
    config["dataset_reader"] = {**TAGGING, "token_indexers": indexers}
    config["validation_dataset_reader"] = {"type": "sharded", "base_reader": config["dataset_reader"]}
    replaced = add_elmo(config, TRANSFORMER, replace=True)
    new = {**TOKENS, "contextual": TRANSFORMERS_INDEXER, "short": TRANSFORMERS_INDEXER}
    assert replaced["dataset_reader"]["token_indexers"] == new
    assert replaced["validation_dataset_reader"]["base_reader"]["token_indexers"] == new
    assert replaced["model"]["encoder"]["input_size"] == WORDS + 10


def test_a_transformer_whose_length_is_not_known() -> None:
    with pytest.raises(ConfigurationError, match=r"a transformer, the hidden_size in its config\.json"):
        add_elmo(CASES["simple_tagger"].config(), {"transformer": "a"})
    with pytest.raises(ConfigurationError, match="or the hidden_size of a transformer"):
        add_elmo(add_elmo(CASES["simple_tagger"].config(), TRANSFORMER), "mini", replace=True)

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance, Vocabulary
from allennlp.models import Model, load_archive

from elmo_tasks.tasks.translation.decoder import Memory, State
from elmo_tasks.tasks.translation.model import ElmoTranslator
from task_setup import TaskSetup

Config = Callable[..., Params]
PLACES = [None, "input", "output", "both"]
FIXTURES = Path(__file__).parents[3] / "fixtures" / "translation"
NO_DROPOUT = {"model.dropout": 0.0, "model.encoder.dropout": 0.0}


def linear(layer: Any, vector: np.ndarray) -> np.ndarray:
    bias = 0 if layer.bias is None else layer.bias.numpy()
    return vector @ layer.weight.numpy().T + bias


def softmax(scores: np.ndarray) -> np.ndarray:
    weights = np.exp(scores - scores.max())
    return weights / weights.sum()


def gru_step(gru: Any, vector: np.ndarray, state: np.ndarray) -> np.ndarray:
    """PyTorch's GRU cell, from its documentation."""
    weights = (gru.weight_ih_l0, gru.weight_hh_l0, gru.bias_ih_l0, gru.bias_hh_l0)
    w_i, w_h, b_i, b_h = (weight.numpy() for weight in weights)
    reset_i, update_i, new_i = np.split(w_i @ vector + b_i, 3)
    reset_h, update_h, new_h = np.split(w_h @ state + b_h, 3)
    reset, update = 1 / (1 + np.exp(-reset_i - reset_h)), 1 / (1 + np.exp(-update_i - update_h))
    return (1 - update) * np.tanh(new_i + reset * new_h) + update * state


def log_probabilities_by_hand(setup: TaskSetup, instance: Instance) -> np.ndarray:
    """Of the target's tokens, step by step and without padding, in NumPy but for token vectors and encoder."""
    model, decoder = setup.model, setup.model.decoder
    tensors = setup.tensors([instance])
    (text,) = model.embed(tensors["source"])
    inputs = text.words if text.elmo is None else torch.cat([text.words, text.elmo], dim=-1)
    vectors = model.encoder(inputs, torch.ones(inputs.shape[:2], dtype=torch.bool))[0].numpy()
    if text.output_elmo is not None:
        vectors = np.concatenate([vectors, text.output_elmo[0].numpy()], axis=-1)
    first, second = np.split(np.tanh(linear(decoder.initial, vectors.mean(axis=0))), 2)
    embeddings = decoder.embedding.weight.numpy()
    tokens, steps = tensors["target"]["tokens"]["tokens"][0].tolist(), []
    for token in tokens[:-1]:
        first = gru_step(decoder.first, embeddings[token], first)
        answer = softmax(vectors @ linear(decoder.query, first)) @ vectors
        second = gru_step(decoder.second, np.concatenate([first, answer]), second)
        readout = np.tanh(linear(decoder.readout, np.concatenate([second, answer, embeddings[token]])))
        steps.append(np.log(softmax(embeddings @ readout + decoder.output_bias.numpy())))
    return np.stack(steps)


@torch.no_grad()
@pytest.mark.parametrize("elmo", PLACES)
def test_the_loss_is_what_is_said(config: Config, elmo: str | None) -> None:
    setup = TaskSetup(config(elmo))
    setup.model.eval()
    smoothed = []
    for instance in setup.instances:
        steps = log_probabilities_by_hand(setup, instance)
        wanted = setup.tensors([instance])["target"]["tokens"]["tokens"][0, 1:]
        right = steps[np.arange(len(steps)), wanted]
        smoothed += list(-(0.9 * right + 0.1 * steps.mean(axis=1)))
    assert setup.run(setup.instances)["loss"].item() == pytest.approx(np.mean(smoothed), abs=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("elmo", PLACES)
def test_batch_mates_and_padding_change_nothing(config: Config, elmo: str | None) -> None:
    setup = TaskSetup(config(elmo))
    setup.model.eval()
    long = setup.instance("Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch " * 30, "und " * 40)
    mates = [long, setup.instance("short", "kurz")]
    alone = [setup.run([instance]) for instance in setup.instances]
    for before, after in (([], []), (mates, []), ([], mates[:1]), (mates[1:], mates)):
        together = setup.run([*before, *setup.instances, *after])
        for place, expected in enumerate(alone, start=len(before)):
            torch.testing.assert_close(together["scores"][place], expected["scores"][0], rtol=0, atol=1e-5)
            ours, theirs = (setup.model.make_output_human_readable(one) for one in (together, expected))
            texts = [
                [one["text"] for one in beams] for beams in (ours["translations"][place], theirs["translations"][0])
            ]
            assert texts[0] == texts[1]


@torch.no_grad()
def test_what_stands_in_padding_is_not_seen(config: Config) -> None:
    decoder = TaskSetup(config()).model.decoder.eval()
    vectors, tokens = torch.randn(2, 5, 8), torch.tensor([[4, 5, 6], [5, 0, 0]])
    mask = torch.tensor([[True] * 5, [True, True, False, False, False]])
    seen = []
    for padding in (0.0, 1e4):
        memory = Memory(torch.where(mask.unsqueeze(-1), vectors, padding), mask)
        seen.append(decoder(tokens, decoder.start(memory), memory)[0])
    torch.testing.assert_close(seen[0], seen[1])


@torch.no_grad()
def test_a_text_token_by_token_is_the_same_as_at_once(config: Config) -> None:
    decoder = TaskSetup(config()).model.decoder.eval()
    memory = Memory(torch.randn(2, 5, 8), torch.ones(2, 5, dtype=torch.bool))
    tokens = torch.tensor([[4, 5, 6, 7], [7, 7, 4, 5]])
    whole, last = decoder(tokens, decoder.start(memory), memory)
    state, steps = decoder.start(memory), []
    for step in range(4):
        readouts, state = decoder(tokens[:, step : step + 1], state, memory)
        steps.append(readouts)
    torch.testing.assert_close(torch.cat(steps, dim=1), whole)
    torch.testing.assert_close(state, last)


def sharpened(setup: TaskSetup) -> ElmoTranslator:
    """The model with larger output weights, so that its probabilities are not all alike."""
    model = setup.model.eval()
    with torch.no_grad():
        model.decoder.embedding.weight *= 20
        model.decoder.output_bias.normal_()
    return model


@torch.no_grad()
@pytest.mark.parametrize("seed", range(3))
def test_a_beam_of_1_is_greedy(config: Config, seed: int) -> None:
    torch.manual_seed(seed)
    setup = TaskSetup(config(beam_size=1))
    model = sharpened(setup)
    output = setup.run(setup.instances)
    for number, instance in enumerate(setup.instances):
        memory = model._read(setup.tensors([instance])["source"])
        state: dict[str, Any] = {**model.decoder.start(memory)._asdict(), **memory._asdict()}
        token, tokens, total = torch.tensor([model._start]), [], 0.0
        while len(tokens) < 12 and model._end not in tokens:
            log_probabilities, state = model._step(token, state)
            total += log_probabilities.max().item()
            token = log_probabilities.argmax(dim=1)
            tokens.append(int(token))
        found = output["predictions"][number, 0].tolist()
        assert found[: len(tokens)] == tokens
        assert set(found[len(tokens) :]) <= {model._end}
        assert output["scores"][number, 0].item() == pytest.approx(total / len(tokens), abs=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("power", [0.0, 1.0])
def test_the_beam_finds_what_all_translations_are_tried_for(config: Config, seed: int, power: float) -> None:
    """With a, b and the end there are seven translations of up to two tokens, of which a beam of six loses the last."""
    torch.manual_seed(seed)
    setup = TaskSetup(config(beam_size=6, max_steps=2, overrides={"model.length_penalty": power}))
    instances = [setup.instance(source, "a b") for source in ("Who ?", "Where is Ada ?")]
    vocab = Vocabulary.from_instances(instances)
    model = Model.from_params(
        config(beam_size=6, max_steps=2, overrides={"model.length_penalty": power})["model"], vocab=vocab
    )
    setup.model, setup.vocab = model, vocab
    sharpened(setup)
    output = setup.run(instances)
    letters, end = [model._tokens.index(letter) for letter in "ab"], model._end
    tried = [(end,), *((first, last) for first in letters for last in (*letters, end))]
    for number, instance in enumerate(instances):
        memory = model._read(setup.tensors([instance])["source"])
        scored = []
        for tokens in tried:
            state: dict[str, Any] = {**model.decoder.start(memory)._asdict(), **memory._asdict()}
            total = 0.0
            for last, token in itertools.pairwise((model._start, *tokens)):
                log_probabilities, state = model._step(torch.tensor([last]), state)
                total += log_probabilities[0, token].item()
            scored.append((total, total / len(tokens) ** power, [*tokens, end][:2]))
        best = sorted(sorted(scored, reverse=True)[:6], key=lambda one: -one[1])
        assert output["predictions"][number].tolist() == [tokens for _, _, tokens in best]
        assert output["scores"][number].tolist() == pytest.approx([score for _, score, _ in best], abs=1e-5)


@torch.no_grad()
def test_neither_the_unknown_nor_padding_nor_the_start_is_written(config: Config) -> None:
    setup = TaskSetup(config())
    model = setup.model.eval()
    never = [model._tokens.index(token) for token in ("@@PADDING@@", "@@UNKNOWN@@", "@start@")]
    model.decoder.output_bias[never] = 50
    assert not set(setup.run(setup.instances)["predictions"].flatten().tolist()) & set(never)


def test_target_words_that_training_never_saw_are_learned_as_unknown(config: Config) -> None:
    setup = TaskSetup(config())
    setup.model.eval()
    output = setup.run([setup.instance("Who ?", "Niemals gesehen")])
    assert torch.isfinite(output["loss"])


@pytest.mark.parametrize("elmo", PLACES)
def test_trains_saves_loads_and_translates_the_same(config: Config, elmo: str | None, tmp_path: Path) -> None:
    model = train_model(config(elmo), str(tmp_path / "run"))
    assert model is not None
    archive = load_archive(tmp_path / "run")
    instances = list(archive.validation_dataset_reader.read(archive.config["validation_data_path"]))
    before, after = (m.eval().forward_on_instances(instances) for m in (model, archive.model))
    for one, other in zip(before, after, strict=True):
        assert [beam["text"] for beam in one["translations"]] == [beam["text"] for beam in other["translations"]]
        np.testing.assert_allclose(one["scores"], other["scores"], atol=1e-5)
        assert list(one["scores"]) == sorted(one["scores"], reverse=True)
        assert len(one["translations"]) == 3
    assert before[3]["source_tokens"] == ["When", "?"]


def test_trains_in_mixed_precision(config: Config) -> None:
    TaskSetup(config("both", NO_DROPOUT)).check_mixed_precision()


@torch.no_grad()
def test_translates_in_mixed_precision(config: Config) -> None:
    setup = TaskSetup(config("both"))
    setup.model.eval()
    expected = setup.run(setup.instances)["scores"]
    with torch.autocast("cpu", torch.bfloat16):
        scores = setup.run(setup.instances)["scores"]
    torch.testing.assert_close(scores, expected, rtol=0, atol=0.05)


@pytest.mark.parametrize("elmo", [None, "both"])
def test_can_be_copied_pickled_and_saved_whole(config: Config, elmo: str | None) -> None:
    TaskSetup(config(elmo)).check_copies()


@pytest.mark.parametrize("elmo", PLACES)
def test_gradients_reach_every_parameter_and_none_of_the_bilm(config: Config, elmo: str | None) -> None:
    TaskSetup(config(elmo, NO_DROPOUT)).check_gradients(elmo)


@pytest.mark.parametrize("elmo", PLACES)
def test_the_bilm_runs_once_a_batch(config: Config, elmo: str | None, bilm_runs: list[int]) -> None:
    setup = TaskSetup(config(elmo))
    for batch in range(2):
        setup.run(setup.instances[batch : batch + 3])
    setup.model.eval()
    setup.run(setup.instances)
    assert len(bilm_runs) == (3 if elmo else 0)


@pytest.mark.parametrize("elmo", [None, "both"])
def test_learns_the_fixtures(config: Config, elmo: str | None) -> None:
    sizes = {"text_field_embedder.token_embedders.tokens.embedding_dim": 24, "encoder.hidden_size": 24}
    sizes |= {"embedding_dim": 32, "hidden_dim": 32, "max_steps": 20}
    overrides = {**NO_DROPOUT, **{f"model.{name}": size for name, size in sizes.items()}}
    setup = TaskSetup(config(elmo, {**overrides, "train_data_path": str(FIXTURES / "train.tsv")}))
    setup.train(200, lr=0.01)
    setup.run(setup.instances)
    assert len(setup.instances) == 48
    assert setup.model.get_metrics(reset=True)["bleu"] > 0.99


def test_nothing_is_translated_in_training(config: Config) -> None:
    setup = TaskSetup(config())
    assert set(setup.run(setup.instances)) == {"loss"}
    assert setup.model.get_metrics(reset=True) == {}
    setup.model.eval()
    assert set(setup.run(setup.instances)) == {"loss", "predictions", "scores", "source_tokens"}
    assert set(setup.model.get_metrics(reset=True)) == {"bleu"}


def test_what_is_cut_is_said(config: Config) -> None:
    setup = TaskSetup(config(max_steps=4))
    model = setup.model.eval()
    end, other = model._end, model._tokens.index("Wer")
    output = {"predictions": torch.tensor([[[other, end, end], [other] * 3]]), "scores": torch.tensor([[-1.0, -2.0]])}
    (translations,) = model.make_output_human_readable(output)["translations"]
    assert translations == [{"text": "Wer", "score": -1}, {"text": "Wer Wer Wer", "score": -2, "cut": True}]


def test_a_text_without_tokens_is_named(config: Config) -> None:
    setup = TaskSetup(config("both"))
    with pytest.raises(ConfigurationError, match=r"Text 1 of a batch .* has no tokens"):
        setup.run([setup.instances[0], setup.instance("", "nichts")])


def test_an_override_moves_elmo(config: Config) -> None:
    dims = {}
    for place in ("input", "output", "both"):
        model = TaskSetup(config("input", {"model.elmo.place": place})).model
        dims[place] = (model.encoder.get_input_dim(), model.decoder.query.out_features)
    # Words 5, ELMo 6, twice 4 hidden units.
    assert dims == {"input": (5 + 6, 8), "output": (5, 8 + 6), "both": (5 + 6, 8 + 6)}
    setup = TaskSetup(config("input", {"model.elmo": None}))
    assert setup.run(setup.instances)["loss"] > 0


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"model.encoder.input_size": 12}, r"input of encoder has vectors of length 5, .* says 12: leave"),
        ({"model.beam_size": 0}, "beam_size is 0"),
        ({"model.max_steps": 0}, "max_steps is 0"),
        ({"model.label_smoothing": 2}, "label_smoothing is 2"),
        ({"model.embedding_dim": 0}, "embedding_dim is 0"),
        ({"model.hidden_dim": 0}, "hidden_dim is 0"),
        ({"model.dropout": -1}, "dropout is -1"),
        ({"model.output_dropout": 3}, "output_dropout is 3"),
        ({"model.length_penalty": -1}, "length_penalty is -1"),
        ({"model.bleu.tokenize": "moses"}, 'tokenize is "moses"'),
    ],
)
def test_what_does_not_fit_is_an_error(config: Config, overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        TaskSetup(config(None, overrides))


def test_what_is_scored_is_read_whole(config: Config) -> None:
    params = config(max_tokens=6).as_dict()
    assert params["dataset_reader"] == {**params["validation_dataset_reader"], "max_tokens": 6}
    assert "validation_dataset_reader" not in config().as_dict()


def test_a_vocabulary_without_targets_is_an_error(config: Config) -> None:
    with pytest.raises(ConfigurationError, match=r'vocabulary has no targets.*"target_tokens"'):
        Model.from_params(config()["model"], vocab=Vocabulary())


def test_elmo_needs_its_indexer(config: Config) -> None:
    params = config("output").as_dict()
    del params["dataset_reader"]["token_indexers"]["elmo"]
    setup = TaskSetup(Params(params))
    with pytest.raises(ConfigurationError, match=r'indexer named "elmo".*there is only: tokens'):
        setup.run(setup.instances)


@pytest.mark.parametrize("encoder", [{"type": "pass_through"}, {"type": "lstm", "hidden_size": 3}])
def test_other_encoders_may_be_used(config: Config, encoder: dict[str, Any]) -> None:
    params = config("both").as_dict()
    params["model"]["encoder"] = encoder
    setup = TaskSetup(Params(params))
    assert setup.run(setup.instances)["loss"] > 0


def test_states_are_of_the_sources(config: Config) -> None:
    decoder = TaskSetup(config()).model.decoder
    mask = torch.tensor([[True, True], [True, False]])
    state = decoder.start(Memory(torch.randn(2, 2, 8), mask))
    assert isinstance(state, State)
    assert state.first.shape == state.second.shape == (2, 7)


@pytest.mark.parametrize(
    ("tokenizer", "steps"), [({"type": "elmo_chinese_characters"}, 200), ("whitespace", 50), ({"type": "x"}, 50)]
)
def test_text_in_characters_may_have_more_steps(experiment: Callable[..., Params], tokenizer: Any, steps: int) -> None:
    config = experiment("translation", "x.tsv", None, target_tokenizer=tokenizer)
    assert config["model"]["max_steps"] == steps

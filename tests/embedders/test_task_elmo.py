from pathlib import Path
from typing import Any

import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import TextFieldTensors
from allennlp.nn import InitializerApplicator
from allennlp.nn.initializers import ConstantInitializer
from torch import Tensor, distributed
from torch.nn.parallel import DistributedDataParallel

from elmo_tasks.bilm import BiLM, BiLMFiles, batch_to_ids
from elmo_tasks.embedders import ElmoTokenEmbedder
from elmo_tasks.embedders.task_elmo import TaskElmo


def task_elmo(files: BiLMFiles, **parameters: Any) -> TaskElmo:
    bilm = {"options_file": str(files.options_file), "weight_file": str(files.weight_file)}
    return TaskElmo.from_params(Params({"bilm": bilm, "dropout": 0.0, **parameters}))


def text(*sentences: list[str]) -> TextFieldTensors:
    return {"elmo": {"elmo_tokens": batch_to_ids(list(sentences))}}


PREMISES = text(["The", "cat", "sat", "there", "."], ["No", "!"])
HYPOTHESES = text(["A", "dog"], ["The", "naïve", "cat"])


@pytest.mark.parametrize("requires_grad", [False, True])
def test_one_run_whatever_is_asked_for(bilm_files: BiLMFiles, bilm_runs: list[int], requires_grad: bool) -> None:
    elmo = task_elmo(bilm_files, place="both", requires_grad=requires_grad)
    elmo(PREMISES, HYPOTHESES)
    assert len(bilm_runs) == 1


@pytest.mark.parametrize("place", ["input", "output", "both"])
def test_vectors_are_the_mixed_layers_of_each_text(bilm_files: BiLMFiles, place: str) -> None:
    elmo = task_elmo(bilm_files, place=place)
    at = {"input": elmo.input, "output": elmo.output}
    for number, embedder in enumerate(embedder for embedder in at.values() if embedder is not None):
        torch.nn.init.constant_(embedder.scalar_mix.gamma, 1.0 + number)
    bilm = BiLM.from_files(*bilm_files)
    for given, vectors in zip((PREMISES, HYPOTHESES), elmo(PREMISES, HYPOTHESES), strict=True):
        # Shape: (batch, tokens, dim)
        mean = bilm(given["elmo"]["elmo_tokens"]).layers.mean(dim=1)
        for name, found in vectors._asdict().items():
            if at[name] is None:
                assert found is None
            else:
                torch.testing.assert_close(found, mean * at[name].scalar_mix.gamma, rtol=0, atol=1e-5)
                assert at[name].get_output_dim() == getattr(elmo, f"{name}_dim") == mean.shape[2]


@pytest.mark.parametrize("place", ["input", "both"])
def test_texts_of_any_rank(bilm_files: BiLMFiles, bilm_runs: list[int], place: str) -> None:
    """Documents that are lists of sentences, lists of such lists, and plain texts, in one run."""
    elmo = task_elmo(bilm_files, place=place, projection_dim=3).eval()
    documents = batch_to_ids([["The", "cat", "sat"], [], ["No", "!"], ["A"], [], []]).view(2, 3, 3, 50)
    nested = batch_to_ids([["A", "dog"], ["The"]]).view(1, 2, 1, 2, 50)
    given = [{"elmo": {"elmo_tokens": ids}} for ids in (documents, PREMISES["elmo"]["elmo_tokens"], nested)]
    found = elmo(*given)
    assert len(bilm_runs) == 1
    for text, vectors in zip(given, found, strict=True):
        ids: Tensor = text["elmo"]["elmo_tokens"]
        for embedder, at_place in zip((elmo.input, elmo.output), vectors, strict=True):
            assert (embedder is None) == (at_place is None)
            if embedder is not None:
                assert at_place.shape == (*ids.shape[:-1], 3)
                torch.testing.assert_close(at_place, embedder(ids))


@pytest.mark.parametrize("shape", [(2, 0, 50), (0, 3, 50), (2, 0, 3, 50), (2, 2, 0, 50)])
def test_nothing_to_embed(bilm_files: BiLMFiles, shape: tuple[int, ...]) -> None:
    elmo = task_elmo(bilm_files, place="both")
    nothing = {"elmo": {"elmo_tokens": torch.zeros(shape, dtype=torch.long)}}
    vectors, premises = elmo(nothing, PREMISES)
    assert vectors.input.shape == vectors.output.shape == (*shape[:-1], elmo.input_dim)
    torch.testing.assert_close(premises.input, elmo.input(PREMISES["elmo"]["elmo_tokens"]))


def test_each_place_learns_its_own_mix(bilm_files: BiLMFiles) -> None:
    elmo = task_elmo(bilm_files, place="both", projection_dim=3)
    assert elmo.input_dim == elmo.output_dim == 3
    assert not torch.equal(elmo.input._projection.weight, elmo.output._projection.weight)
    (vectors,) = elmo(PREMISES)
    vectors.input.sum().backward()
    gradients = {name: parameter.grad for name, parameter in elmo.named_parameters()}
    assert all((gradient is None) == name.startswith("output.") for name, gradient in gradients.items())


def test_a_trained_bilm_is_the_same_at_both_places(bilm_files: BiLMFiles) -> None:
    elmo = task_elmo(bilm_files, place="both", requires_grad=True)
    assert elmo.input.bilm is elmo.output.bilm
    (vectors,) = elmo(PREMISES)
    (vectors.input.sum() + vectors.output.square().sum()).backward()
    assert all(parameter.grad is not None for parameter in elmo.input.bilm.parameters())


def test_stocks_layer_norm(bilm_files: BiLMFiles) -> None:
    elmo = task_elmo(bilm_files, place="output", layer_norm="stock")
    ids: Tensor = PREMISES["elmo"]["elmo_tokens"]
    torch.testing.assert_close(elmo(PREMISES)[0].output, elmo.output(ids))


def test_penalty(bilm_files: BiLMFiles) -> None:
    elmo = task_elmo(bilm_files, place="both", scalar_l2=0.1, initial_scalar_mix_parameters=[1.0, 2.0, 3.0])
    assert elmo.penalty().item() == pytest.approx(0.1 * 2 * (1 + 4 + 9))
    assert task_elmo(bilm_files, layers="last", scalar_l2=0.1).penalty() == 0
    with pytest.raises(ConfigurationError, match="scalar_l2 is -1; it must be a number"):
        task_elmo(bilm_files, scalar_l2=-1)


def test_mistakes_are_explained(bilm_files: BiLMFiles) -> None:
    with pytest.raises(ConfigurationError, match=r'place is "top"; it must be one of input, output, both'):
        task_elmo(bilm_files, place="top")
    with pytest.raises(ConfigurationError, match="scalar_12"):
        task_elmo(bilm_files, scalar_12=0.1)
    with pytest.raises(ConfigurationError, match=r'indexer named "elmo".*there is only: tokens'):
        task_elmo(bilm_files)({"tokens": {"tokens": torch.ones(1, 1)}})


MASK = PREMISES["elmo"]["elmo_tokens"].any(dim=-1)
BESIDE = torch.randn(2, 5, 7, generator=torch.Generator().manual_seed(1))


def in_scale(elmo: TaskElmo, place: str = "output") -> Tensor:
    (vectors,) = elmo(PREMISES)
    return elmo.in_scale(place, getattr(vectors, place), BESIDE, MASK)


def gamma_of(place: ElmoTokenEmbedder | None) -> float:
    assert place is not None
    return place.scalar_mix.gamma.item()


def rms_length(vectors: Tensor) -> float:
    return vectors[MASK].square().sum(dim=-1).mean().sqrt().item()


@pytest.mark.parametrize("parameters", [{}, {"layers": "last"}, {"layer_norm": "token"}, {"requires_grad": True}])
def test_gamma_starts_by_what_stands_beside(bilm_files: BiLMFiles, parameters: dict[str, Any]) -> None:
    elmo = task_elmo(bilm_files, place="both", **parameters)
    elmo.start_in_scale("output")
    first = in_scale(elmo)
    assert rms_length(first) == pytest.approx(rms_length(BESIDE), rel=1e-5)
    gamma, input_gamma = gamma_of(elmo.output), gamma_of(elmo.input)
    assert gamma != 1
    assert input_gamma == 1
    # The same batch, and its gradients, with gamma there from the beginning.
    same = task_elmo(bilm_files, place="output", gamma=gamma, **parameters)
    same.start_in_scale("output")
    expected = in_scale(same)
    torch.testing.assert_close(first, expected)
    for vectors in (first, expected):
        vectors.square().sum().backward()
    gradients = {name: parameter.grad for name, parameter in same.named_parameters()}
    assert elmo.output is not None
    for name, parameter in elmo.output.named_parameters():
        torch.testing.assert_close(parameter.grad, gradients[f"output.{name}"])
    # Later batches take gamma as it is by then.
    torch.testing.assert_close(in_scale(elmo), expected)
    assert gamma_of(elmo.output) == gamma


def test_gamma_starts_once_in_training_and_not_where_it_is_set(bilm_files: BiLMFiles) -> None:
    elmo = task_elmo(bilm_files, place="output")
    elmo.start_in_scale("output")
    in_scale(elmo.eval())
    assert gamma_of(elmo.output) == 1
    in_scale(elmo.train())
    started = gamma_of(elmo.output)
    assert started != 1
    resumed = task_elmo(bilm_files, place="output")
    resumed.start_in_scale("output")
    resumed.load_state_dict(elmo.state_dict())
    assert resumed.output is not None
    torch.nn.init.ones_(resumed.output.scalar_mix.gamma)
    in_scale(resumed)
    assert gamma_of(resumed.output) == 1
    for parameters in ({"gamma": 1.0}, {"scalar_mix_parameters": [0.0, 0.0, 0.0]}):
        given = task_elmo(bilm_files, place="output", **parameters)
        given.start_in_scale("output")
        in_scale(given)
        assert gamma_of(given.output) == 1
    initialized = task_elmo(bilm_files, place="output")
    initialized.start_in_scale("output")
    assert initialized.output is not None
    torch.nn.init.constant_(initialized.output.scalar_mix.gamma, 0.3)
    in_scale(initialized)
    assert gamma_of(initialized.output) == pytest.approx(0.3)


def test_dropout_does_not_count_for_where_gamma_starts(bilm_files: BiLMFiles) -> None:
    gammas = []
    for dropout in (0.0, 0.5):
        torch.manual_seed(1)
        elmo = task_elmo(bilm_files, place="output", dropout=dropout, requires_grad=False)
        elmo.start_in_scale("output")
        (vectors, *more) = elmo(*[PREMISES] * 200)
        beside, mask = BESIDE.repeat(200, 1, 1), MASK.repeat(200, 1)
        elmo.in_scale("output", torch.cat([vectors.output, *(one.output for one in more)]), beside, mask)
        gammas.append(gamma_of(elmo.output))
    assert gammas[0] == pytest.approx(gammas[1], rel=0.02)


@pytest.mark.parametrize("mask", [MASK & False, MASK])
def test_gamma_waits_for_a_batch_with_something_to_measure(bilm_files: BiLMFiles, mask: Tensor) -> None:
    elmo = task_elmo(bilm_files, place="output")
    elmo.start_in_scale("output")
    (vectors,) = elmo(PREMISES)
    torch.testing.assert_close(elmo.in_scale("output", vectors.output, BESIDE * 0, mask), vectors.output)
    assert gamma_of(elmo.output) == 1
    # Meanwhile it is trained.
    torch.nn.init.constant_(elmo.output.scalar_mix.gamma, 0.99)
    assert rms_length(in_scale(elmo)) == pytest.approx(rms_length(BESIDE), rel=1e-5)


@pytest.mark.parametrize("number", [1.0, 0.3])
def test_an_initializer_has_the_last_word(bilm_files: BiLMFiles, number: float) -> None:
    elmo = task_elmo(bilm_files, place="both")
    elmo.start_in_scale("input", "output")
    initializer = Params({"regexes": [["output.*gamma", {"type": "constant", "val": number}]]})
    InitializerApplicator.from_params(initializer)(elmo)
    # As for a GPU and back.
    elmo.double().float()
    for _ in range(2):
        (vectors,) = elmo(PREMISES)
        for place in ("input", "output"):
            elmo.in_scale(place, getattr(vectors, place), BESIDE, MASK)
    assert gamma_of(elmo.output) == pytest.approx(number)
    assert gamma_of(elmo.input) != 1


def test_gamma_starts_where_processes_train_together(bilm_files: BiLMFiles, tmp_path: Path) -> None:
    elmo = task_elmo(bilm_files, place="both")
    elmo.start_in_scale("input", "output")
    InitializerApplicator([("output.*gamma", ConstantInitializer(1.0))])(elmo)
    distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/meet", world_size=1, rank=0)
    try:
        together = DistributedDataParallel(elmo)
        (vectors,) = together(PREMISES)
        for place in ("input", "output"):
            elmo.in_scale(place, getattr(vectors, place), BESIDE, MASK)
    finally:
        distributed.destroy_process_group()
    assert gamma_of(elmo.output) == 1
    assert gamma_of(elmo.input) != 1

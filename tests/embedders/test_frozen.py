import gc
import shutil
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
from allennlp.modules.text_field_embedders import BasicTextFieldEmbedder
from torch import Tensor

from elmo_tasks.bilm import BiLM, BiLMFiles
from elmo_tasks.embedders import ElmoTokenEmbedder, FrozenBiLM
from elmo_tasks.embedders.frozen import share_files, share_object


def embedder(files: BiLMFiles, **arguments: Any) -> ElmoTokenEmbedder:
    return ElmoTokenEmbedder(str(files.options_file), str(files.weight_file), dropout=0.0, **arguments)


def test_one_object_a_bilm(bilm_files: BiLMFiles, other_bilm_files: BiLMFiles, tmp_path: Path) -> None:
    shared = share_files(bilm_files)
    copied = BiLMFiles(tmp_path / "o.json", tmp_path / "w.hdf5")
    for file, copy in zip(bilm_files, copied, strict=True):
        shutil.copyfile(file, copy)
    assert share_files(copied) is shared
    assert share_files(other_bilm_files) is not shared
    assert share_files(bilm_files, stateful=True) is not shared
    assert embedder(bilm_files, layers="last").bilm is embedder(copied, layer_norm="token").bilm is shared.bilm


def test_other_content_at_the_same_path(new_bilm_files: BiLMFiles, other_bilm_files: BiLMFiles) -> None:
    shared = share_files(new_bilm_files)
    shutil.copyfile(other_bilm_files.weight_file, new_bilm_files.weight_file)
    assert share_files(new_bilm_files) is share_files(other_bilm_files) is not shared


def test_trained_bilms_are_not_shared(bilm_files: BiLMFiles) -> None:
    first, second = embedder(bilm_files, requires_grad=True), embedder(bilm_files, requires_grad=True)
    assert len({first.bilm, second.bilm, embedder(bilm_files).bilm}) == 3
    assert embedder(bilm_files).bilm is not first.bilm


def test_a_given_object_is_shared(bilm_files: BiLMFiles, character_ids: Tensor, bilm_runs: list[int]) -> None:
    bilm = BiLM.from_files(*bilm_files)
    first, second = ElmoTokenEmbedder(bilm=bilm), ElmoTokenEmbedder(bilm=bilm)
    first(character_ids), second(character_ids)
    assert len(bilm_runs) == 1
    first, second = (ElmoTokenEmbedder(bilm=bilm, requires_grad=True) for _ in range(2))
    (first(character_ids) + second(character_ids)).sum().backward()
    assert first.bilm is second.bilm is bilm
    assert all(parameter.grad is not None for parameter in bilm.parameters())


def test_freed_with_its_last_user(bilm_files: BiLMFiles, character_ids: Tensor) -> None:
    user = embedder(bilm_files)
    user(character_ids)
    bilm = weakref.ref(user.bilm)
    del user
    gc.collect()
    assert bilm() is None


def test_one_run_a_batch(bilm_files: BiLMFiles, character_ids: Tensor, bilm_runs: list[int]) -> None:
    places = [embedder(bilm_files), embedder(bilm_files, layers="last"), embedder(bilm_files, layer_norm="token")]
    for number in range(1, 4):
        batch = character_ids.clone()
        for place in places:
            place(batch)
        assert len(bilm_runs) == number, "each batch is a tensor of its own, and the last one's is gone"
        del batch


def test_one_run_for_each_text_of_a_batch(bilm_files: BiLMFiles, character_ids: Tensor, bilm_runs: list[int]) -> None:
    at_input, at_output = embedder(bilm_files), embedder(bilm_files)
    premise, hypothesis = character_ids, character_ids[:, :3].contiguous()
    results = [place(text) for place in (at_input, at_output) for text in (premise, hypothesis)]
    assert len(bilm_runs) == 2
    torch.testing.assert_close(results[0], results[2])
    torch.testing.assert_close(results[1], results[3])


def test_one_run_for_slices_and_copies(bilm_files: BiLMFiles, character_ids: Tensor, bilm_runs: list[int]) -> None:
    places = [embedder(bilm_files) for _ in range(2)]
    choices = torch.stack([character_ids, character_ids.flip(0)], dim=1)
    for place in places:
        for number in range(choices.shape[1]):
            place(choices[:, number])
    assert len(bilm_runs) == 2
    places[0](choices[:, 0].clone())
    assert len(bilm_runs) == 2
    places[0](choices)
    places[1](choices)
    assert len(bilm_runs) == 3


def test_one_run_in_a_text_field_embedder(bilm_files: BiLMFiles, character_ids: Tensor, bilm_runs: list[int]) -> None:
    names = ("elmo_first", "elmo_second")
    embedders = BasicTextFieldEmbedder({name: embedder(bilm_files) for name in names})
    tensors = {name: {"elmo_tokens": torch.stack([character_ids] * 2)} for name in names}
    assert embedders(tensors, num_wrapping_dims=1).shape == (2, 3, 5, 32)
    assert len(bilm_runs) == 1


def test_changed_ids_are_run_again(bilm_files: BiLMFiles, character_ids: Tensor, bilm_runs: list[int]) -> None:
    place = embedder(bilm_files)
    before = place(character_ids)
    character_ids[0, 0], character_ids[0, 1] = character_ids[0, 1].clone(), character_ids[0, 0].clone()
    after = place(character_ids)
    assert len(bilm_runs) == 2
    assert not torch.allclose(before[0], after[0])
    torch.testing.assert_close(before[1:], after[1:])


def test_stateful_runs_once_a_batch_for_all_places(
    bilm_files: BiLMFiles, character_ids: Tensor, bilm_runs: list[int]
) -> None:
    first, second = embedder(bilm_files, stateful=True), embedder(bilm_files, stateful=True)
    first.bilm.reset_states()
    results = []
    for number in range(1, 4):
        # The same sentences, even the same tensor, in each batch: but the states have moved on.
        results.append(first(character_ids))
        torch.testing.assert_close(second(character_ids), results[-1])
        assert len(bilm_runs) == number
    assert not torch.allclose(results[0], results[1], atol=1e-3)
    alone = BiLM.from_files(*bilm_files, stateful=True)
    for result in results:
        torch.testing.assert_close(result, alone(character_ids).layers.mean(1))


def test_layers_are_kept_as_long_as_the_ids(bilm_files: BiLMFiles, character_ids: Tensor) -> None:
    shared = FrozenBiLM(BiLM.from_files(*bilm_files))
    layers = weakref.ref(shared(character_ids.clone(), place=shared).layers)
    assert layers() is None, "the ids were gone at once"
    view = character_ids.clone().view(1, *character_ids.shape)
    layers = weakref.ref(shared(view[0], place=shared).layers)
    assert layers() is not None
    del view
    assert layers() is None


def test_layers_are_kept_for_few_tensors(bilm_files: BiLMFiles, character_ids: Tensor) -> None:
    shared = FrozenBiLM(BiLM.from_files(*bilm_files))
    batches = [character_ids.roll(shift, dims=1) for shift in range(5)] + [character_ids.roll(1, dims=0)]
    layers = [weakref.ref(shared(batch, place=shared).layers) for batch in batches]
    assert [ref() is not None for ref in layers] == [False, False, True, True, True, True]
    buffer = character_ids.clone()
    layers = []
    for shift in range(6):
        buffer.copy_(character_ids.roll(shift, dims=2))
        layers.append(weakref.ref(shared(buffer, place=shared).layers))
    assert sum(ref() is not None for ref in layers) <= 4


def test_layers_from_inference_mode_can_be_trained_on(
    bilm_files: BiLMFiles, character_ids: Tensor, bilm_runs: list[int]
) -> None:
    place = embedder(bilm_files)
    with torch.inference_mode():
        place(character_ids)
    place(character_ids).sum().backward()
    assert len(bilm_runs) == 1
    assert place.scalar_mix.gamma.grad is not None


def test_ids_from_inference_mode(bilm_files: BiLMFiles, character_ids: Tensor) -> None:
    place = embedder(bilm_files)
    with torch.inference_mode():
        ids = character_ids.clone()
        actual = place(ids)
    torch.testing.assert_close(actual, place(character_ids).detach())


def test_frozen_is_frozen(bilm_files: BiLMFiles, character_ids: Tensor) -> None:
    bilm = BiLM.from_files(*bilm_files, requires_grad=True)
    shared = share_object(bilm)
    assert share_object(bilm) is shared
    assert not any(parameter.requires_grad for parameter in bilm.parameters())
    assert not shared(character_ids, place=shared).layers.requires_grad


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_follows_the_ids_to_another_device(bilm_files: BiLMFiles, character_ids: Tensor) -> None:
    on_cpu, on_gpu = embedder(bilm_files), embedder(bilm_files).cuda()
    expected = on_cpu(character_ids)
    torch.testing.assert_close(on_gpu(character_ids.cuda()).cpu(), expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(on_cpu(character_ids), expected)

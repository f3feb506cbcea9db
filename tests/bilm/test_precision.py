import copy
from collections.abc import Callable

import pytest
import torch
from layer_errors import SENTENCES, errors, mini

from elmo_tasks.bilm import BiLM, batch_to_ids
from elmo_tasks.bilm.lstm import HalfPrecisionError
from elmo_tasks.bilm.precision import wide


# Measured with 64 sentences of fixtures/ner: at most 0.0049 and 0.0005, in the first LSTM layer.
@pytest.mark.parametrize(("dtype", "bound"), [(torch.bfloat16, 0.01), (torch.float16, 0.001)])
@pytest.mark.parametrize("stateful", [False, True])
def test_error_of_half_precision(dtype: torch.dtype, bound: float, stateful: bool) -> None:
    exact, half = mini(torch.float32, stateful), mini(dtype, stateful)
    for _ in range(3 if stateful else 1):
        expected, actual = (bilm(batch_to_ids(SENTENCES)).layers for bilm in (exact, half))
        assert actual.dtype == torch.float32
        assert errors(actual, expected).max() < bound
        assert not actual[3].any()


def test_half_precision_takes_half_the_memory_and_keeps_float32_state() -> None:
    bilm = mini(torch.bfloat16, stateful=True)
    assert bilm.dtype == torch.bfloat16
    assert {weight.dtype for weight in bilm.parameters()} == {torch.bfloat16}
    bilm(batch_to_ids(SENTENCES))
    assert bilm._states is not None
    assert {part.dtype for state in bilm._states for part in state} == {torch.float32}


def test_half_precision_with_kept_words() -> None:
    plain, keeping = mini(torch.bfloat16), mini(torch.bfloat16)
    keeping.keep_words(100)
    for _ in range(2):
        ids = batch_to_ids(SENTENCES)
        # A product's last bit may depend on how many words it is made for.
        assert errors(keeping(ids).layers, plain(ids).layers).max() < 0.02
        assert keeping.char_cnn(ids[0]).dtype == keeping(ids).layers.dtype == torch.float32


@pytest.mark.parametrize(
    "changes", [{"projection_after_highway": False}, {"num_highway": 0}, {"skip_connections": False}]
)
def test_half_precision_of_all_shapes(make_bilm: Callable[..., BiLM], changes: dict[str, object]) -> None:
    bilm = make_bilm(**changes)
    half = copy.deepcopy(bilm).to(torch.bfloat16)
    ids = batch_to_ids(SENTENCES)
    with torch.no_grad():
        assert errors(half(ids).layers, bilm(ids).layers).max() < 0.05
        assert half(ids[3:4]).layers.dtype == half(ids[:, :0]).layers.dtype == torch.float32


def test_half_precision_is_not_trained(make_bilm: Callable[..., BiLM]) -> None:
    with pytest.raises(HalfPrecisionError, match=r"bfloat16 serve inference only: train in float32"):
        make_bilm().to(torch.bfloat16)(batch_to_ids(SENTENCES))


def test_wide() -> None:
    assert [wide(dtype) for dtype in (torch.bfloat16, torch.float16, torch.float32, torch.float64)] == [
        torch.float32,
        torch.float32,
        torch.float32,
        torch.float64,
    ]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize(("dtype", "bound"), [(torch.bfloat16, 0.01), (torch.float16, 0.001)])
def test_error_of_half_precision_on_a_gpu(dtype: torch.dtype, bound: float) -> None:
    expected = mini(torch.float32)(batch_to_ids(SENTENCES)).layers
    actual = mini(dtype).cuda()(batch_to_ids(SENTENCES).cuda()).layers
    assert errors(actual.cpu(), expected).max() < bound

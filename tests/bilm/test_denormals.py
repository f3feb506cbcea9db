from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from elmo_tasks.bilm.denormals import denormals_flushed

if not torch.set_flush_denormal(False):
    pytest.skip("This processor cannot flush denormal numbers.", allow_module_level=True)


@pytest.fixture(autouse=True)
def kept_afterwards() -> Iterator[None]:
    yield
    torch.set_flush_denormal(False)


def product() -> float:
    return (torch.tensor(1e-30) * 1e-10).item()


def test_small_numbers_are_zero_while_it_lasts() -> None:
    assert product() == pytest.approx(1e-40, rel=1e-4)
    with denormals_flushed():
        assert product() == 0
        assert (torch.tensor(1e-30) * 1e-7).item() == pytest.approx(1e-37)
    assert product() == pytest.approx(1e-40, rel=1e-4)


def test_what_the_user_has_set_stays() -> None:
    torch.set_flush_denormal(True)
    with denormals_flushed():
        assert product() == 0
    assert product() == 0


def test_an_error_ends_it_too() -> None:
    with pytest.raises(ValueError, match="inside"), denormals_flushed():
        raise ValueError("inside")
    assert product() > 0


def test_other_threads_are_left_alone() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(product).result() > 0
        with denormals_flushed():
            assert pool.submit(product).result() > 0


def test_as_a_decorator_it_lasts_for_each_call() -> None:
    flushed = denormals_flushed()(product)
    assert [flushed(), flushed()] == [0, 0]
    assert product() > 0

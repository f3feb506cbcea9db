"""What holds for every test: the same random numbers, few threads, no network."""

import os
import random
import socket
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings
from torch import Tensor

import elmo_tasks  # noqa: F401 - what it registers is there for each test file alone too
from elmo_tasks.bilm.model import BiLM

# Read when transformers is imported; AllenNLP's data loader forks.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

# The same examples each time, and no limit on time: a machine may be slow, or shared.
settings.register_profile(
    "project",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("project")

LOOPBACK = ("127.0.0.1", "localhost", "::1", "", None)


@pytest.fixture(scope="session", autouse=True)
def few_threads() -> None:
    """Two threads at most, one where several processes share the tests: a large machine rounds as a small one does."""
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    torch.set_num_threads(1 if processes > 1 else min(2, torch.get_num_threads()))


@pytest.fixture(autouse=True)
def seeds() -> None:
    """The same random numbers for each test, whichever tests run before it."""
    random.seed(13370)
    np.random.seed(1337)
    torch.manual_seed(133)


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """A test that reaches for the network fails, also on a machine that has one; loopback and Unix sockets work."""
    connect, connect_ex, resolve = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def refuse_unless_local(host: Any) -> None:
        if host not in LOOPBACK:
            raise OSError(f"a test reached for the network: {host}")

    def guarded(real: Any) -> Any:
        def call(self: socket.socket, address: Any) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6):
                refuse_unless_local(address[0])
            return real(self, address)

        return call

    def guarded_resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
        refuse_unless_local(host)
        return resolve(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded(connect))
        patch.setattr(socket.socket, "connect_ex", guarded(connect_ex))
        patch.setattr(socket, "getaddrinfo", guarded_resolve)
        yield


@pytest.fixture
def bilm_runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by the number of sentences at each run of any biLM."""
    runs: list[int] = []
    forward: Callable[..., object] = BiLM.forward

    def counted(self: BiLM, character_ids: Tensor) -> object:
        runs.append(len(character_ids))
        return forward(self, character_ids)

    monkeypatch.setattr(BiLM, "forward", counted)
    return runs

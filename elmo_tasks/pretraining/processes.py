"""The processes, on one machine or on many, that train a biLM together."""

import re
from dataclasses import dataclass
from typing import Any

from allennlp.common.checks import ConfigurationError

from elmo_tasks.checks import check_count


@dataclass(frozen=True)
class Processes:
    """
    The processes that train one biLM together, each on its share of the streams.

    # Parameters

    devices : `tuple[int, ...]`
        Of each process of this machine: a GPU's number, or -1 for the processor.
    nodes : `int`
        Machines, each with as many processes.
    node_rank : `int`
        Which of them this machine is, from 0.
    primary : `str`
        The first machine's address and a free port there, `"HOST:PORT"`, where there are several machines.
    """

    devices: tuple[int, ...] = (-1,)
    nodes: int = 1
    node_rank: int = 0
    primary: str = ""

    def __post_init__(self) -> None:
        check_count(ConfigurationError, processes=len(self.devices), nodes=self.nodes)
        check_count(ConfigurationError, least=0, most=self.nodes - 1, node_rank=self.node_rank)
        if self.nodes > 1 and not re.fullmatch(r".+:\d{1,5}", self.primary):
            raise ConfigurationError(
                f'{self.nodes} nodes meet at a port of the first one, "HOST:PORT", not at "{self.primary}".'
            )

    def __len__(self) -> int:
        return len(self.devices) * self.nodes

    def distributed(self) -> dict[str, Any]:
        """AllenNLP's parameter of that name."""
        meet: dict[str, Any] = {}
        if self.nodes > 1:
            host, _, port = self.primary.rpartition(":")
            meet = {"num_nodes": self.nodes, "primary_address": host, "primary_port": int(port)}
        return {"cuda_devices": list(self.devices), **meet}


ONE_PROCESS = Processes()
"""On the processor."""

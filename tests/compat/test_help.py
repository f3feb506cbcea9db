import argparse
import sys

import pytest
from allennlp.commands import parse_args

from elmo_tasks.compat import help


@pytest.mark.parametrize("name", help.BILMS)
def test_a_stock_command_says_which_bilm_it_takes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["allennlp", "elmo-doctor"])
    (commands,) = (
        action.choices
        for action in parse_args("allennlp")[0]._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    said = " ".join(commands[name].format_help().split())
    assert said.endswith(help.BILMS[name])
    # The rest of it is stock's.
    assert f"usage: allennlp {name}" in said

"""
Configs of AllenNLP 0.9.

What it mends: AllenNLP 1.0 and later read them as if they were their own.
How one sees it: `key "data_loader" is required`, or an error about whatever else was called otherwise.
Until when: as long as there are such configs.
"""

from typing import Any

from allennlp.commands import build_vocab, count_instances, find_learning_rate, train
from allennlp.common import Params

from elmo_tasks.old_configs import check_not_old


def apply() -> None:
    """Applies all of it."""
    name_old_configs()


def name_old_configs() -> None:
    """
    Has AllenNLP's commands that take a config say of one of AllenNLP 0.9 that it is one. What is old in an archive's
    model or reader is told by `archives/loading.py`, and what `evaluate` misses by `evaluating.py`.

    What broke: the config's keys, most of which have other names since.
    With which version: AllenNLP 1.0.
    When it can go: when nobody has such configs any more.
    """
    for command in (train, find_learning_rate, build_vocab, count_instances):
        command.Params = _Config  # type: ignore[attr-defined]


class _Config(Params):
    """A config that a command is given."""

    @classmethod
    def from_file(cls, params_file: Any, *args: Any, **kwargs: Any) -> Params:
        params = Params.from_file(params_file, *args, **kwargs)
        check_not_old(params.params, params_file)
        return params

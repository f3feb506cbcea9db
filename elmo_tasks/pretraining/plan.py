"""How long a training of a biLM is, and its experiment, as `elmo-tasks train` takes it."""

import math
from dataclasses import dataclass, replace
from typing import Any

from allennlp.common.checks import ConfigurationError

from elmo_tasks.pretraining.processes import ONE_PROCESS, Processes
from elmo_tasks.pretraining.recipes import Recipe

WINDOW = 20
"""Tokens of each stream a batch (Peters et al. 2018)."""

_SHUFFLE_BUFFER = 200_000
"""Sentences among which the order is drawn."""
_EPOCH_BATCHES = 1000
"""At most so many between two looks at the held-out text."""
_CHECKPOINT_SECONDS = 300
"""Between two checkpoints, besides those at the ends of epochs."""
_FEWEST_BATCHES = 50
"""A pass over the text has so many, or there are fewer streams."""
_HELDOUT_STREAMS, _HELDOUT_BATCHES = 16, 60
"""Of the held-out text, after each epoch: 19,200 tokens at most."""
_WARMUP = 0.02, 200
"""The part of a training in which the rate rises, and the most steps of that."""
_WARMUP_PARTS = 1.5
"""Epochs in which it rises where the biLM joins only after the first one, while it is not at its highest yet."""


@dataclass(frozen=True)
class Plan:
    """
    How long a training is.

    # Parameters

    tokens : `int`
        Of the text, sentence ends included: what one pass predicts in each direction.
    streams : `int`
        Of all processes together.
    epochs, batches : `int`
        Checkpoints, and batches between them.
    """

    tokens: int
    streams: int
    epochs: int
    batches: int

    @property
    def passes(self) -> float:
        """Over the text."""
        return self.epochs * self.batches * self.streams * WINDOW / self.tokens

    def lasting(self, passes: float, least_epochs: int = 1) -> "Plan":
        """
        The same, but with the number of epochs that comes next to so many passes, and so many epochs at least. Raises
        `ConfigurationError` where that is no pass, or no end of them.
        """
        check_passes(passes)
        return replace(self, epochs=max(least_epochs, round(passes / replace(self, epochs=1).passes)))


def make_plan(tokens: int, streams: int, passes: float, processes: int = 1, least_epochs: int = 1) -> Plan:
    """
    Divides a training into epochs and batches that come to so many passes over its text.

    # Parameters

    tokens : `int`
        Of the text, sentence ends included.
    streams : `int`
        The recipe's; a short text has fewer.
    passes : `float`
        Over the text.
    processes : `int`
        Each has as many of the streams, one at least.
    least_epochs : `int`
        A short training has shorter epochs.

    # Returns

    `Plan`
        Its passes are those asked for, as nearly as whole batches allow.

    # Raises

    `ConfigurationError`
        Where there is nothing to read, or no pass, or no end of them.
    """
    check_passes(passes)
    if tokens < WINDOW:
        raise ConfigurationError(f"The text has {tokens} tokens, sentence ends included; {WINDOW} are the least.")
    streams = max(1, min(streams, tokens // (WINDOW * _FEWEST_BATCHES)) // processes) * processes
    total = max(1, round(passes * tokens / (streams * WINDOW)))
    epochs = max(least_epochs, -(-total // _EPOCH_BATCHES))
    return Plan(tokens, streams, epochs, -(-total // epochs))


def check_passes(passes: float) -> None:
    """Raises `ConfigurationError` where these are no passes, or no end of them."""
    if not 0 < passes < math.inf:
        raise ConfigurationError(f"There cannot be {passes:g} passes over a text: give a number above 0.")


def training_config(
    recipe: Recipe,
    plan: Plan,
    text: str | list[str],
    heldout: str | list[str],
    vocabulary: str,
    dtype: str = "float32",
    processes: Processes = ONE_PROCESS,
    seed: int = 13370,
    pretrained_file: str | None = None,
) -> dict[str, Any]:
    """
    The experiment, for `elmo-tasks train`.

    # Parameters

    recipe : `Recipe`
    plan : `Plan`
    text, heldout : `str | list[str]`
        Corpora, as `find_shards` takes them.
    vocabulary : `str`
        The folder with the words to predict.
    dtype : `str`
        Of a step's matrix products, as `LanguageModel` takes it.
    processes : `Processes`
    seed : `int`
    pretrained_file : `str`, optional
        The weights.hdf5 that the biLM begins with. It is frozen in the first epoch, in which its softmax learns what it
        gives; the plan has two epochs or more then.
    """
    return {
        "dataset_reader": {"type": "elmo_corpus"},
        "train_data_path": text,
        "validation_data_path": heldout,
        "vocabulary": {"type": "from_files", "directory": vocabulary},
        "model": _model(recipe, dtype, processes, pretrained_file),
        "data_loader": {
            "type": "elmo_lm_windows",
            "batch_size": plan.streams // len(processes),
            "window": WINDOW,
            "shuffle_buffer": _SHUFFLE_BUFFER,
            "batches_per_epoch": plan.batches,
            # The words are those of this text, and sorted; its beginning need not be like the rest.
            "check_order": False,
            "seed": seed,
        },
        "validation_data_loader": {
            "type": "elmo_lm_windows",
            "batch_size": _HELDOUT_STREAMS,
            "window": WINDOW,
            "max_batches": _HELDOUT_BATCHES,
        },
        "trainer": _trainer(recipe, plan, processes, has_begun=pretrained_file is not None),
        **_distributed(processes, has_begun=pretrained_file is not None),
        "random_seed": seed,
        "numpy_seed": seed,
        "pytorch_seed": seed,
    }


def _model(recipe: Recipe, dtype: str, processes: Processes, pretrained_file: str | None) -> dict[str, Any]:
    begun = {} if pretrained_file is None else {"pretrained_file": pretrained_file}
    return {
        "type": "elmo_language_model",
        "options": recipe.options.to_dict(),
        "dropout": recipe.dropout,
        "num_samples": recipe.samples,
        "dtype": dtype,
        # Torch adds up no others between processes.
        "sparse_gradients": len(processes) == 1,
        **begun,
    }


def _trainer(recipe: Recipe, plan: Plan, processes: Processes, has_begun: bool) -> dict[str, Any]:
    """has_begun: whether the biLM is a trained one, which joins after the first epoch."""
    part, most = _WARMUP
    warmup = min(most, round(part * plan.epochs * plan.batches))
    callbacks: dict[str, Any] = {}
    if has_begun:
        warmup = round(_WARMUP_PARTS * plan.batches)
        callbacks["callbacks"] = [{"type": "elmo_unfreeze", "parameters": "^bilm[.]", "epochs": 1}]
    # A machine that is killed may be an epoch behind another, and all go on from the same one.
    checkpoints: dict[str, Any] = {"keep_most_recent_by_count": 1 if processes.nodes == 1 else 2}
    if len(processes) == 1:
        # AllenNLP writes these in trainings by one process only.
        checkpoints["save_every_num_seconds"] = _CHECKPOINT_SECONDS
    return {
        "num_epochs": plan.epochs,
        "validation_metric": "-perplexity",
        "checkpointer": checkpoints,
        "grad_norm": 1.0,
        "optimizer": {
            "type": "elmo_adam",
            "lr": recipe.rate,
            "parameter_groups": [[["^softmax[.]"], {"rows": True}]],
        },
        "learning_rate_scheduler": {"type": "linear_with_warmup", "warmup_steps": max(1, warmup)},
        **callbacks,
        # Where there are several, "distributed" says theirs.
        "cuda_device": processes.devices[0],
    }


def _distributed(processes: Processes, has_begun: bool) -> dict[str, Any]:
    if len(processes) == 1:
        return {}
    distributed = processes.distributed()
    if has_begun:
        # Or torch waits for the gradients of what is frozen.
        distributed["ddp_accelerator"] = {"type": "torch", "find_unused_parameters": True}
    return {"distributed": distributed}

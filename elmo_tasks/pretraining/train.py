"""
A biLM from text alone: the experiment for a number of passes over the text, or of hours.

A run is an ordinary run of `elmo-tasks train`, in whose folder the words to predict are counted first. It can be killed
at any time; called again it goes on from its newest checkpoint, and ends as if it had not been.
"""

import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from allennlp.commands.train import train_model
from allennlp.common import Params, Tqdm
from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary
from allennlp.models import Model
from allennlp.training.optimizers import Optimizer

from elmo_tasks.archives import open_archive
from elmo_tasks.bilm import BiLMOptions
from elmo_tasks.checks import check_count
from elmo_tasks.files import read_object, writing
from elmo_tasks.pretraining.corpus import NAMESPACE, SENTENCE_START, CorpusReader, find_shards, sentence_stream
from elmo_tasks.pretraining.language_model import LanguageModel
from elmo_tasks.pretraining.processes import ONE_PROCESS, Processes
from elmo_tasks.pretraining.vocabulary import CorpusVocabulary, count_words, most_frequent
from elmo_tasks.pretraining.windows import WindowDataLoader

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
_SPEED_STEPS = 20
"""Steps by which the speed is measured, after half as many to warm up."""
_WARMUP = 0.02, 200
"""The part of a training in which the rate rises, and the most steps of that."""


@dataclass(frozen=True)
class Recipe:
    """
    A biLM's shape, and how one of that shape is trained.

    # Parameters

    options : `BiLMOptions`
    streams : `int`
        Texts side by side in a batch.
    samples : `int`
        Words each batch is scored against.
    rate : `float`
        Adam's highest learning rate; it falls to zero.
    dropout : `float`
        Little where the text is much for a model of this size.
    min_count : `int`
        A rarer word counts as "unknown" where it is to be predicted.
    """

    options: BiLMOptions
    streams: int
    samples: int
    rate: float
    dropout: float
    min_count: int


def _options(cell: int, projection: int, filters: Sequence[int], highways: int) -> BiLMOptions:
    numbered = tuple(enumerate(filters, 1))
    return BiLMOptions(cell_dim=cell, projection_dim=projection, filters=numbered, num_highway=highways)


_PUBLISHED_FILTERS = (32, 32, 64, 128, 256, 512, 1024)

RECIPES = {
    "tiny": Recipe(_options(64, 16, (16, 16, 32), 1), 16, 256, 0.01, 0.1, 1),
    "compact": Recipe(_options(512, 128, (32, 32, 64, 64, 64, 128, 128), 1), 128, 2048, 0.002, 0.05, 5),
    "mini": Recipe(_options(512, 256, (32, 32, 64, 128, 256), 1), 128, 2048, 0.002, 0.05, 5),
    "small": Recipe(_options(1024, 128, _PUBLISHED_FILTERS, 1), 128, 8192, 0.001, 0.1, 3),
    "original": Recipe(_options(4096, 512, _PUBLISHED_FILTERS, 2), 128, 8192, 0.0005, 0.1, 3),
}
"""
By size. "compact" is the shape of "mini-zh": a Chinese character is three bytes, and its widest filters see two.
"small" and "original" are the published shapes; bilm-tf trained them with Adagrad at 0.2 on a billion words, as
training_configs/bilm has it.
"""


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


def make_plan(tokens: int, streams: int, passes: float, processes: int = 1) -> Plan:
    """
    # Parameters

    tokens : `int`
        Of the text, sentence ends included.
    streams : `int`
        The recipe's; a short text has fewer.
    passes : `float`
        Over the text.
    processes : `int`
        Each has as many of the streams, one at least.

    # Raises

    `ConfigurationError`
        Where there is nothing to read, or no pass, or no end of them.
    """
    if tokens < WINDOW or not 0 < passes < math.inf:
        raise ConfigurationError(
            f"{passes:g} passes over {tokens:,} tokens: at least {WINDOW} are needed, more than no pass, and an end."
        )
    streams = max(1, min(streams, tokens // (WINDOW * _FEWEST_BATCHES)) // processes) * processes
    total = max(1, round(passes * tokens / (streams * WINDOW)))
    epochs = -(-total // _EPOCH_BATCHES)
    return Plan(tokens, streams, epochs, -(-total // epochs))


def training_config(
    recipe: Recipe,
    plan: Plan,
    text: str,
    heldout: str,
    vocabulary: str,
    dtype: str = "float32",
    processes: Processes = ONE_PROCESS,
    seed: int = 13370,
) -> dict[str, Any]:
    """
    The experiment, for `elmo-tasks train`.

    # Parameters

    recipe : `Recipe`
    plan : `Plan`
    text, heldout : `str`
        Corpora, as `find_shards` takes them.
    vocabulary : `str`
        The folder with the words to predict.
    dtype : `str`
        Of a step's matrix products, as `LanguageModel` takes it.
    processes : `Processes`
    seed : `int`
    """
    steps = plan.epochs * plan.batches
    part, most = _WARMUP
    checkpoints: dict[str, Any] = {"keep_most_recent_by_count": 1}
    by_processes: dict[str, Any] = {}
    if len(processes) == 1:
        # AllenNLP writes these in trainings by one process only.
        checkpoints["save_every_num_seconds"] = _CHECKPOINT_SECONDS
    else:
        by_processes["distributed"] = processes.distributed()
    return {
        "dataset_reader": {"type": "elmo_corpus"},
        "train_data_path": text,
        "validation_data_path": heldout,
        "vocabulary": {"type": "from_files", "directory": vocabulary},
        "model": {
            "type": "elmo_language_model",
            "options": recipe.options.to_dict(),
            "dropout": recipe.dropout,
            "num_samples": recipe.samples,
            "dtype": dtype,
            "sparse_gradients": True,
        },
        "data_loader": {
            "type": "elmo_lm_windows",
            "batch_size": plan.streams // len(processes),
            "window": WINDOW,
            "shuffle_buffer": _SHUFFLE_BUFFER,
            "batches_per_epoch": plan.batches,
            "seed": seed,
        },
        "validation_data_loader": {
            "type": "elmo_lm_windows",
            "batch_size": _HELDOUT_STREAMS,
            "window": WINDOW,
            "max_batches": _HELDOUT_BATCHES,
        },
        "trainer": {
            "num_epochs": plan.epochs,
            "validation_metric": "-perplexity",
            "checkpointer": checkpoints,
            "grad_norm": 1.0,
            "optimizer": {
                "type": "elmo_adam",
                "lr": recipe.rate,
                "parameter_groups": [[["^softmax[.]"], {"rows": True}]],
            },
            "learning_rate_scheduler": {
                "type": "linear_with_warmup",
                "warmup_steps": max(1, min(most, round(part * steps))),
            },
            # Where there are several, "distributed" says theirs.
            "cuda_device": processes.devices[0],
        },
        **by_processes,
        "random_seed": seed,
        "numpy_seed": seed,
        "pytorch_seed": seed,
    }


def prepare(
    text: str,
    heldout: str,
    run: Path,
    size: str = "mini",
    passes: float | None = None,
    hours: float | None = None,
    dtype: str = "float32",
    processes: Processes = ONE_PROCESS,
    seed: int = 13370,
) -> str:
    """
    Counts the words of a text and writes the config of a training into its run's folder, unless they are there. A run
    that is not finished may be given other `passes` than it was begun with: its rate then falls to zero at the new end.

    # Parameters

    text, heldout : `str`
        Corpora, as `find_shards` takes them.
    run : `Path`
        The run's folder.
    size : `str`
        One of `RECIPES`.
    passes, hours : `float`, optional
        Over the text, or of training alone at the speed that is measured now; one pass if neither is given.
    dtype : `str`
        Of a step's matrix products: `"bfloat16"` is faster where the processor has units for it.
    processes : `Processes`
    seed : `int`

    # Returns

    `str`
        What the training is going to be, in words.

    # Raises

    `ConfigurationError`
        Where the text is missing or too short, or the run was begun with something else, or is past its new end.
    """
    asked = {"text": text, "heldout": heldout, "size": size, "passes": passes, "hours": hours}
    asked |= {"dtype": dtype, "seed": seed, "processes": len(processes)}
    check_count(ConfigurationError, least=0, most=2**32 - 1, seed=seed)
    if not (run / "config.json").is_file():
        _begin(asked, run, processes)
    elif not (run / _BEGUN).is_file():
        raise ConfigurationError(f"{run} holds a run that elmo-train has not begun: give another folder.")
    begun = read_object(run / _BEGUN, ConfigurationError, asked=dict, plan=dict, said=str)
    # Older versions knew one process only.
    before = {"processes": 1} | begun["asked"]
    other_length = passes is not None and hours is None
    for name, value in asked.items():
        if before.get(name) != value and not (other_length and name in ("passes", "hours")):
            raise ConfigurationError(
                f"The run in {run} was begun with {name} {before.get(name)}, not {value}: "
                "go on with the same, or give another folder."
            )
    if any(before.get(name) != asked[name] for name in ("passes", "hours")):
        begun = _change_length(run, begun | {"asked": asked})
    said: str = begun["said"]
    return said


def train(run: Path, node_rank: int = 0) -> LanguageModel:
    """
    Trains what `prepare` has written into the run's folder, from its newest checkpoint on; what is trained already is
    loaded. `node_rank` says which of several machines this is.
    """
    if not ((run / "metrics.json").is_file() and (run / "model.tar.gz").is_file()):
        params = Params.from_file(str(run / "config.json"))
        if "distributed" in params and not (run / _VOCABULARY).exists():
            # Where AllenNLP looks for it if it is to go on from a checkpoint, be there one or not.
            Vocabulary.from_files(str(run / _WORDS)).save_to_files(str(run / _VOCABULARY))
        model = train_model(params, str(run), recover=True, node_rank=node_rank, include_package=["elmo_tasks"])
        if model is not None:
            return _language_model(model)
    return _language_model(open_archive(run).model)


def _language_model(model: Model) -> LanguageModel:
    assert isinstance(model, LanguageModel)
    return model


_BEGUN = "elmo_train.json"
"""In a run's folder: what was asked for, and what became of it."""


def _begin(asked: dict[str, Any], run: Path, processes: Processes) -> None:
    """Counts the words and writes the run's config, which comes last: where it is, the run has begun."""
    if run.exists() and any(path.name not in (_BEGUN, _WORDS) for path in run.iterdir()):
        raise ConfigurationError(f"{run} holds something else: give a folder that is empty, or not there yet.")
    if asked["passes"] is not None and asked["hours"] is not None:
        raise ConfigurationError("Give passes or hours, but not both.")
    find_shards(asked["heldout"])
    recipe = RECIPES[asked["size"]]
    words = Tqdm.tqdm(sentence_stream(find_shards(asked["text"])), desc="counting words", unit=" sentences")
    counts = count_words(words)
    vocab: Vocabulary = CorpusVocabulary()
    vocab.add_tokens_to_namespace(most_frequent(counts, recipe.min_count), NAMESPACE)
    vocab.save_to_files(str(run / _WORDS))
    # Each sentence begins once and ends once; what predicts it is one of the two.
    tokens = sum(counts.values()) - counts[SENTENCE_START]
    passes, speed = 1.0 if asked["passes"] is None else asked["passes"], None
    if asked["hours"] is not None:
        plan = make_plan(tokens, recipe.streams, 1, len(processes))
        speed = measure_speed(recipe, plan, asked["text"], vocab, asked["dtype"], processes)
        passes = asked["hours"] * 3600 * speed / tokens
    plan = make_plan(tokens, recipe.streams, passes, len(processes))
    found = f"{tokens:,} tokens, {vocab.get_vocab_size(NAMESPACE) - 2:,} words to predict"
    said = _in_words(found, plan, len(processes), speed)
    config = training_config(
        recipe, plan, asked["text"], asked["heldout"], str(run / _WORDS), asked["dtype"], processes, asked["seed"]
    )
    _write(run / _BEGUN, {"asked": asked, "plan": asdict(plan), "said": said})
    _write(run / "config.json", config)


def _change_length(run: Path, begun: dict[str, Any]) -> dict[str, Any]:
    """
    Gives a run the number of epochs that the passes come to which are asked for now. Returns what it is begun with
    now, with the earlier number of epochs in `changed`, and how many of them were done.
    """
    try:
        asked, plan = begun["asked"], Plan(**begun["plan"])
    except TypeError:
        raise ConfigurationError(f'{run / _BEGUN} is damaged: "plan" is not what it should be.') from None
    if (run / "metrics.json").is_file():
        raise ConfigurationError(f"The run in {run} is finished, with {plan.passes:.2f} passes: give another folder.")
    one = replace(plan, epochs=1).passes
    new = replace(plan, epochs=max(1, round(asked["passes"] / one)))
    done = len(list(run.glob("metrics_epoch_*.json")))
    if new.epochs <= done:
        least = replace(plan, epochs=done + 1).passes
        raise ConfigurationError(f"The run in {run} cannot end before {least:.2f} passes, as it has read so much.")
    config = read_object(run / "config.json", ConfigurationError, trainer=dict)
    config["trainer"]["num_epochs"] = new.epochs
    found = begun["said"].partition(";")[0]
    changed = [*begun.get("changed", []), {"epochs": plan.epochs, "done": done}]
    begun |= {"plan": asdict(new), "said": _in_words(found, new, asked["processes"]), "changed": changed}
    # If a kill comes between the two, the same command does both again.
    _write(run / "config.json", config)
    _write(run / _BEGUN, begun)
    return begun


def _in_words(found: str, plan: Plan, processes: int, speed: float | None = None) -> str:
    """`found` is what the text has; `speed` is in tokens a second, if it was measured."""
    said = (
        f"{found}; {plan.passes:.2f} passes: {plan.epochs * plan.batches:,} batches of {plan.streams} x {WINDOW} "
        f"tokens, in {plan.epochs} x {plan.batches}"
    )
    said += "" if processes == 1 else f", by {processes} processes"
    return said + ("." if speed is None else f", at {speed:,.0f} tokens/s.")


def _write(path: Path, content: dict[str, Any]) -> None:
    with writing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


_WORDS, _VOCABULARY = "words", "vocabulary"
"""In a run's folder: the words that are predicted, in AllenNLP's form; and what AllenNLP has made of them."""


def measure_speed(
    recipe: Recipe,
    plan: Plan,
    text: str,
    vocab: Vocabulary,
    dtype: str = "float32",
    processes: Processes = ONE_PROCESS,
) -> float:
    """
    Tokens a second, in training, of a model that is thrown away: of one process, times as many as there are. What
    adding up their gradients takes is not in it.
    """
    config = training_config(recipe, plan, text, text, "", dtype, processes)
    cuda_device, streams = processes.devices[0], plan.streams // len(processes)
    model = LanguageModel(vocab, recipe.options.to_dict(), recipe.dropout, recipe.samples, dtype=dtype)
    device = torch.device("cpu" if cuda_device < 0 else f"cuda:{cuda_device}")
    model.to(device).train()
    optimizer = Optimizer.from_params(
        Params(config["trainer"]["optimizer"]), model_parameters=list(model.named_parameters())
    )
    # A short shuffle buffer: filling the long one is no part of a step.
    loader = WindowDataLoader(CorpusReader(), text, streams, WINDOW, shuffle_buffer=1000, check_order=False)
    loader.index_with(vocab)
    loader.set_target_device(device)
    start, tokens = 0.0, 0
    batches = islice(loader, _SPEED_STEPS * 3 // 2)
    for number, batch in enumerate(Tqdm.tqdm(batches, desc="measuring the speed", total=_SPEED_STEPS * 3 // 2)):
        if number == _SPEED_STEPS // 2:
            start, tokens = time.perf_counter(), 0
        optimizer.zero_grad()
        model(**batch)["loss"].backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        tokens += plan.streams * WINDOW
    # Of all processes' streams.
    return tokens / (time.perf_counter() - start)

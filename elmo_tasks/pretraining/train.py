"""
A biLM from text alone, for a number of passes over the text, or of hours.

A run is an ordinary run of `elmo-tasks train`, in whose folder the words to predict are counted first. It can be killed
at any time; called again it goes on from its newest checkpoint. By one process it ends as if it had not been killed; by
several it has other random numbers from there on, and its streams begin without a context.
"""

import json
import math
import os
import tempfile
import time
from dataclasses import asdict
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
from elmo_tasks.archives.tar import is_whole
from elmo_tasks.bilm import BiLM, BiLMOptions, find_bilm
from elmo_tasks.bilm.growth import check_growth, grow
from elmo_tasks.bilm.pretrained import WEIGHTS_NAME
from elmo_tasks.checks import check_count
from elmo_tasks.compat.gradients import clip_grad_norm_
from elmo_tasks.files import read_object, sha256, writing
from elmo_tasks.pretraining.corpus import (
    NAMESPACE,
    SENTENCE_START,
    CorpusReader,
    count_sentences,
    find_shards,
    sentence_stream,
)
from elmo_tasks.pretraining.export import export_bilm
from elmo_tasks.pretraining.language_model import LanguageModel
from elmo_tasks.pretraining.plan import WINDOW, Plan, check_passes, make_plan, training_config
from elmo_tasks.pretraining.processes import ONE_PROCESS, Processes
from elmo_tasks.pretraining.recipes import RECIPES, Recipe
from elmo_tasks.pretraining.vocabulary import CorpusVocabulary, count_words, most_frequent
from elmo_tasks.pretraining.windows import WindowDataLoader

_NEAR = 0.05
"""The part by which the passes may differ from those asked for without a word."""

_SPEED_STEPS = 20
"""Steps by which the speed is measured, after half as many to warm up."""


def prepare(
    text: str | list[str],
    heldout: str | list[str],
    run: Path,
    size: str = "mini",
    passes: float | None = None,
    hours: float | None = None,
    dtype: str = "float32",
    processes: Processes = ONE_PROCESS,
    seed: int = 13370,
    begin_with: str | None = None,
) -> str:
    """
    Counts the words of a text and writes the config of a training into its run's folder, unless they are there. A run
    that is not finished may be given other `passes` than it was begun with: its rate then falls to zero at the new end.

    # Parameters

    text, heldout : `str | list[str]`
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
    begin_with : `str`, optional
        The name or folder of a biLM, as `find_bilm` takes it, whose weights the training begins with, in place of
        random ones: grown where the size is larger. The first part of the training is its new softmax's alone.

    # Returns

    `str`
        What the training is going to be, in words.

    # Raises

    `ConfigurationError`
        Where a text is missing, damaged or too short, or the run was begun with something else, or is past its new end;
        or where hours are given for several machines, each of which would measure another speed.
    `PretrainedError`, `OptionsError`, `WeightsError`, `GrowthError`
        Where there is no such biLM to begin with, or it is damaged, or cannot be grown to the size.
    """
    asked = {"text": text, "heldout": heldout, "size": size, "passes": passes, "hours": hours}
    asked |= {"dtype": dtype, "seed": seed, "processes": len(processes), "begin_with": begin_with}
    check_count(ConfigurationError, least=0, most=2**32 - 1, seed=seed)
    if passes is not None:
        check_passes(passes)
    if hours is not None and not 0 < hours < math.inf:
        raise ConfigurationError(f"A training cannot last {hours:g} hours: give a number above 0.")
    if hours is not None and processes.nodes > 1:
        raise ConfigurationError(
            "Hours are for one machine: each of several would measure another speed, and plan another length. Measure "
            "once with --hours on one of them, without --nodes, and give all of them the passes that it comes to."
        )
    if not (run / "config.json").is_file():
        _begin(asked, run, processes)
    elif not (run / _BEGUN).is_file():
        raise ConfigurationError(f"{run} holds a run that elmo-train has not begun: give another folder.")
    begun = read_object(run / _BEGUN, ConfigurationError, asked=dict, plan=dict, said=str)
    # Older versions knew one process and random weights only.
    before = {"processes": 1, "begin_with": None} | begun["asked"]
    other_length = passes is not None and hours is None
    for name, value in asked.items():
        if name in ("text", "heldout") and _are_same_files(before.get(name), value):
            asked[name] = before[name]
        elif before.get(name) != value and not (other_length and name in ("passes", "hours")):
            raise ConfigurationError(
                f"The run in {run} was begun with {name} {before.get(name)}, not {value}: "
                "go on with the same, or give another folder."
            )
    _name_own_files(run)
    if any(before.get(name) != asked[name] for name in ("passes", "hours")):
        begun = _change_length(run, begun | {"asked": asked}, processes)
    said: str = begun["said"]
    return said


def train(run: Path, node_rank: int = 0) -> LanguageModel:
    """
    Trains what `prepare` has written into the run's folder, from its newest checkpoint on; what is trained already is
    loaded.

    # Parameters

    run : `Path`
        The run's folder.
    node_rank : `int`
        Which of several machines this is, from 0.

    # Returns

    `LanguageModel`
        The trained biLM with its softmax.
    """
    archive = run / "model.tar.gz"
    if not ((run / "metrics.json").is_file() and is_whole(archive)):
        # AllenNLP archives what there is when it is interrupted.
        archive.unlink(missing_ok=True)
        params = Params.from_file(str(run / "config.json"))
        if "distributed" in params and not (run / _VOCABULARY).exists():
            # Where AllenNLP looks for it if it is to go on from a checkpoint, be there one or not.
            with tempfile.TemporaryDirectory(prefix=".vocabulary-", dir=run) as temporary:
                whole = Path(temporary) / _VOCABULARY
                Vocabulary.from_files(str(run / _WORDS)).save_to_files(str(whole))
                os.replace(whole, run / _VOCABULARY)
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
    if run.exists() and any(path.name not in (_BEGUN, _WORDS, _BILM) for path in run.iterdir()):
        raise ConfigurationError(f"{run} holds something else: give a folder that is empty, or not there yet.")
    if asked["passes"] is not None and asked["hours"] is not None:
        raise ConfigurationError("Give passes or hours, but not both.")
    _check_heldout(asked["heldout"], len(processes))
    shards = find_shards(asked["text"])
    recipe = RECIPES[asked["size"]]
    weight_file = digest = None
    if asked["begin_with"] is not None:
        weight_file, digest = _begin_with(asked, run)
    vocab, tokens = _count(shards, recipe)
    passes, speed = 1.0 if asked["passes"] is None else asked["passes"], None
    if asked["hours"] is not None:
        plan = make_plan(tokens, recipe.streams, 1, len(processes))
        speed = measure_speed(recipe, plan, asked["text"], vocab, asked["dtype"], processes)
        passes = asked["hours"] * 3600 * speed / tokens
    plan = make_plan(tokens, recipe.streams, passes, len(processes), _least_parts(asked))
    found = f"{tokens:,} tokens, {vocab.get_vocab_size(NAMESPACE) - 2:,} words to predict"
    said = _in_words(found, plan, asked, speed)
    vocab.save_to_files(str(run / _WORDS))
    config = _config(asked, run, plan, processes, weight_file)
    _write(run / _BEGUN, {"asked": asked, "plan": asdict(plan), "said": said, "began_with_sha256": digest})
    _write(run / "config.json", config)


def _are_same_files(one: Any, other: Any) -> bool:
    """Whether two corpora, as `find_shards` takes them, are the same files by other names."""
    try:
        files = [[path.resolve() for path in find_shards(paths)] for paths in (one, other)]
    except (ConfigurationError, TypeError):
        return False
    return files[0] == files[1]


def _config(
    asked: dict[str, Any], run: Path, plan: Plan, processes: Processes, weight_file: str | None
) -> dict[str, Any]:
    return training_config(
        RECIPES[asked["size"]],
        plan,
        asked["text"],
        asked["heldout"],
        str(run / _WORDS),
        asked["dtype"],
        processes,
        asked["seed"],
        weight_file,
    )


def _check_heldout(heldout: str | list[str], processes: int) -> None:
    """Reads it once: a training would notice what is wrong with it only behind its first part."""
    sentences = sum(count_sentences(shard) for shard in find_shards(heldout))
    if sentences < processes:
        raise ConfigurationError(
            f"The held-out text {heldout} has fewer sentences ({sentences}) than there are processes ({processes}): "
            "give a longer one."
        )


def _count(shards: list[Path], recipe: Recipe) -> tuple[Vocabulary, int]:
    """The words to predict, and how many tokens the text has."""
    counts = count_words(Tqdm.tqdm(sentence_stream(shards), desc="counting words", unit=" sentences"))
    vocab: Vocabulary = CorpusVocabulary()
    vocab.add_tokens_to_namespace(most_frequent(counts, recipe.min_count), NAMESPACE)
    # Each sentence begins once and ends once; what predicts it is one of the two.
    return vocab, sum(counts.values()) - counts[SENTENCE_START]


def _begin_with(asked: dict[str, Any], run: Path) -> tuple[str, str]:
    """
    Writes the biLM that the training begins with, grown to its size, into the run's folder. Returns the weight file
    there, and the SHA-256 of that which it was made from.
    """
    files, options = find_bilm(asked["begin_with"]), RECIPES[asked["size"]].options
    # Before the weights are read, which may take long.
    check_growth(BiLMOptions.from_file(files.options_file), options)
    bilm = BiLM.from_files(*files)
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(asked["seed"])
        grown = grow(bilm, options)
    return str(export_bilm(grown, run / _BILM, force=True).weight_file), sha256(files.weight_file)


def _name_own_files(run: Path) -> None:
    """Has the config name the words and the biLM that are in this folder: the run may have been renamed, or copied."""
    config = read_object(run / "config.json", ConfigurationError, vocabulary=dict, model=dict)
    config["vocabulary"]["directory"] = str(run / _WORDS)
    if "pretrained_file" in config["model"]:
        config["model"]["pretrained_file"] = str(run / _BILM / WEIGHTS_NAME)
    _write(run / "config.json", config)


def _change_length(run: Path, begun: dict[str, Any], processes: Processes) -> dict[str, Any]:
    """
    Gives a run the number of epochs that the passes come to which are asked for now; where nothing of it has been kept
    yet, epochs of another length too. Returns what it is begun with now, with the earlier number of epochs in
    `changed`, and how many of them were done.
    """
    try:
        asked, plan = begun["asked"], Plan(**begun["plan"])
    except TypeError:
        raise ConfigurationError(f'{run / _BEGUN} is damaged: "plan" is not what it should be.') from None
    if (run / "metrics.json").is_file():
        raise ConfigurationError(f"The run in {run} is finished, with {plan.passes:.2f} passes: give another folder.")
    done = len(list(run.glob("metrics_epoch_*.json")))
    config = read_object(run / "config.json", ConfigurationError, model=dict, trainer=dict)
    if done or any(run.glob("model_state_*")):
        new = plan.lasting(asked["passes"], _least_parts(asked))
        config["trainer"]["num_epochs"] = new.epochs
    else:
        streams = RECIPES[asked["size"]].streams
        new = make_plan(plan.tokens, streams, asked["passes"], len(processes), _least_parts(asked))
        config = _config(asked, run, new, processes, config["model"].get("pretrained_file"))
    if new.epochs <= done:
        read = plan.passes * done / plan.epochs
        raise ConfigurationError(f"The run in {run} has read {read:.2f} passes, and cannot end before the next part.")
    found = begun["said"].partition(";")[0]
    changed = [*begun.get("changed", []), {"epochs": plan.epochs, "done": done}]
    begun |= {"plan": asdict(new), "said": _in_words(found, new, asked), "changed": changed}
    # If a kill comes between the two, the same command does both again.
    _write(run / "config.json", config)
    _write(run / _BEGUN, begun)
    return begun


def _least_parts(asked: dict[str, Any]) -> int:
    """Of a training: of one that begins with a biLM, the first is without it."""
    return 1 if asked["begin_with"] is None else 2


def _in_words(found: str, plan: Plan, asked: dict[str, Any], speed: float | None = None) -> str:
    """`found` is what the text has; `speed` is in tokens a second, if it was measured."""
    said = (
        f"{found}; {plan.passes:.2f} passes: {plan.epochs * plan.batches:,} batches of {plan.streams} x {WINDOW} "
        f"tokens, in {plan.epochs} x {plan.batches}"
    )
    if asked["passes"] is not None and abs(plan.passes / asked["passes"] - 1) > _NEAR:
        said += f" (whole parts of {plan.passes / plan.epochs:.2f} passes: {asked['passes']:g} cannot be had)"
    said += "" if asked["processes"] == 1 else f", by {asked['processes']} processes"
    said += "." if speed is None else f", at {speed:,.0f} tokens/s."
    if asked["begin_with"] is not None:
        said += f"\nIt begins with {asked['begin_with']}, and trains the softmax alone in the first part."
    return said


def _write(path: Path, content: dict[str, Any]) -> None:
    with writing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


_WORDS, _VOCABULARY, _BILM = "words", "vocabulary", "begin"
"""
In a run's folder: the words that are predicted, in AllenNLP's form; what AllenNLP has made of them; and the biLM that
the training begins with, where it does not begin with random weights.
"""


def measure_speed(
    recipe: Recipe,
    plan: Plan,
    text: str | list[str],
    vocab: Vocabulary,
    dtype: str = "float32",
    processes: Processes = ONE_PROCESS,
) -> float:
    """
    Tokens a second, in training, of a model that is thrown away: of one process, times as many as there are. What
    adding up their gradients takes is not in it.

    # Parameters

    recipe : `Recipe`
        The model's sizes, and how it is trained.
    plan : `Plan`
        Its streams are those of a batch, of all processes together.
    text : `str | list[str]`
        The corpus, as `find_shards` takes it; its beginning is read, as often as need be.
    vocab : `Vocabulary`
        The words to predict.
    dtype : `str`
        Of a step's matrix products, as `LanguageModel` takes it.
    processes : `Processes`
        How many they are; the first of their devices is measured.

    # Returns

    `float`
        Tokens a second of all processes.
    """
    config = training_config(recipe, plan, text, text, "", dtype, processes)
    cuda_device, streams = processes.devices[0], plan.streams // len(processes)
    model = Model.from_params(Params(config["model"]), vocab=vocab)
    device = torch.device("cpu" if cuda_device < 0 else f"cuda:{cuda_device}")
    model.to(device).train()
    optimizer = Optimizer.from_params(
        Params(config["trainer"]["optimizer"]), model_parameters=list(model.named_parameters())
    )
    # A short shuffle buffer: filling the long one is no part of a step. A short text is read again and again.
    steps = _SPEED_STEPS * 3 // 2
    loader = WindowDataLoader(CorpusReader(), text, streams, WINDOW, 1000, batches_per_epoch=steps, check_order=False)
    loader.index_with(vocab)
    loader.set_target_device(device)
    start, tokens = 0.0, 0
    for number, batch in enumerate(Tqdm.tqdm(loader, desc="measuring the speed", total=steps)):
        if number == _SPEED_STEPS // 2:
            start, tokens = time.perf_counter(), 0
        optimizer.zero_grad()
        model(**batch)["loss"].backward()
        clip_grad_norm_(model.parameters(), config["trainer"]["grad_norm"])
        optimizer.step()
        tokens += plan.streams * WINDOW
    # Of all processes' streams.
    return tokens / (time.perf_counter() - start)

"""`allennlp elmo-doctor`: is this installation well?"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, requires, version
from typing import NamedTuple

import torch
from allennlp.commands.subcommand import Subcommand
from allennlp.common import Registrable
from overrides import overrides
from packaging.requirements import Requirement

import elmo_tasks

# What matters to a bug report, in this order; a package that is missing is a fault.
PACKAGES = ("allennlp", "torch", "torchvision", "numpy", "h5py", "transformers", "spacy", "jsonnet", "overrides")

# All that this plugin registers: AllenNLP's base class -> names. A test holds it against what is really registered.
REGISTERED: dict[str, tuple[str, ...]] = {
    "DataLoader": ("elmo_lm_windows", "elmo_sampled"),
    "DatasetReader": ("elmo_conll2003", "elmo_corpus", "elmo_sampled", "elmo_snli", "elmo_squad"),
    "LearningRateScheduler": ("reduce_on_plateau",),
    "Metric": ("elmo_conlleval", "elmo_squad"),
    "Model": ("elmo_bidaf", "elmo_crf_tagger", "elmo_esim", "elmo_language_model", "from_archive"),
    "Optimizer": ("elmo_adam",),
    "Predictor": ("elmo_entailment", "elmo_of_model", "elmo_reading_comprehension", "elmo_tagger"),
    "Seq2SeqEncoder": ("elmo_padded_gru", "elmo_padded_lstm"),
    "Subcommand": (
        "elmo",
        "elmo-add",
        "elmo-doctor",
        "elmo-export",
        "elmo-finetune",
        "elmo-merge",
        "elmo-mix",
        "elmo-neighbors",
        "elmo-perplexity",
        "elmo-predict",
        "elmo-reproduce",
        "elmo-words",
    ),
    "TokenEmbedder": ("elmo", "elmo_distinct_character_encoding"),
    "TokenIndexer": ("elmo_character_ids",),
    "Tokenizer": ("elmo_spacy_rules",),
    "TrainerCallback": ("elmo_fill_cache", "elmo_unfreeze"),
    "Vocabulary": ("elmo_corpus",),
}

SENTENCE = ["The", "doctor", "is", "in", "."]

REINSTALL = "install again: in a clone `make setup`, elsewhere see README.md, Install"


class Check(NamedTuple):
    """
    One line of the doctor's report.

    # Parameters

    name : `str`
    look : `Callable[[], str]`
        Looks, and returns what it saw. Raises anything where it is not well.
    remedy : `str`
        What to do where it is not well.
    """

    name: str
    look: Callable[[], str]
    remedy: str


def registered_classes() -> dict[tuple[str, str], type]:
    """
    What this plugin has registered with AllenNLP.

    # Returns

    `dict[tuple[str, str], type]`
        (name of the base class, registered name) -> class, for each class of this package.
    """
    found = {}
    for base in Registrable.__subclasses__():
        for name in base.list_available():
            registered, _ = base.resolve_class_name(name)
            if registered.__module__.split(".")[0] == elmo_tasks.__name__:
                found[base.__name__, name] = registered
    return found


def all_checks() -> list[Check]:
    """The doctor's checks, in the order of the report."""
    found = registered_classes()
    return [
        Check("python", look_at_python, REINSTALL),
        *(Check(package, partial(look_at_package, package), REINSTALL) for package in PACKAGES),
        Check("devices", look_at_devices, "the driver and this torch do not go together: see README.md, Install"),
        *(
            Check(f'{base} "{name}"', partial(look_up, found, (base, name)), REINSTALL)
            for base, names in REGISTERED.items()
            for name in names
        ),
        Check("configs", look_at_jsonnet, "pip install --force-reinstall jsonnet"),
        Check("tokenizer", look_at_spacy, "pip install --force-reinstall spacy"),
        Check("hdf5", look_at_hdf5, "pip install --force-reinstall h5py"),
        Check("biLM", look_at_bilm, f"the bundled biLM's files are missing or damaged; {REINSTALL}"),
    ]


def look_at_python() -> str:
    return f"{platform.python_version()} on {platform.system()} {platform.machine()}, {sys.executable}"


def look_at_package(package: str) -> str:
    try:
        installed = version(package)
        ours = [Requirement(line) for line in requires("elmo-tasks") or []]
    except PackageNotFoundError as error:
        raise RuntimeError(f"{error.name} is not installed") from None
    for requirement in ours:
        if requirement.name == package and not requirement.specifier.contains(installed, prereleases=True):
            raise RuntimeError(f"installed is {installed}, needed is {requirement.specifier}")
    return installed


def look_at_devices() -> str:
    seen = f"{os.cpu_count()} processors, torch uses {torch.get_num_threads()} threads"
    for index in range(torch.cuda.device_count()):
        # Allocating shows what only counting devices hides: a driver that is too old, a device that is full.
        torch.zeros(1, device=f"cuda:{index}")
        gib = torch.cuda.get_device_properties(index).total_memory / 2**30
        seen += f"; cuda:{index} {torch.cuda.get_device_name(index)}, {gib:.0f} GiB"
    if torch.backends.mps.is_available():
        seen += "; mps"
    return seen


def look_up(found: dict[tuple[str, str], type], key: tuple[str, str]) -> str:
    if key not in found:
        raise RuntimeError("not registered")
    return f"{found[key].__module__}.{found[key].__qualname__}"


def look_at_jsonnet() -> str:
    from _jsonnet import evaluate_snippet

    seen = evaluate_snippet("check", "local double(n) = 2 * n; double(21)").strip()
    if seen != "42":
        raise RuntimeError(f"jsonnet makes {seen} of 2 * 21")
    return "jsonnet evaluates"


def look_at_spacy() -> str:
    import spacy

    seen = [token.text for token in spacy.blank("en")("Don't panic, Dr. Smith.")]
    if seen != ["Do", "n't", "panic", ",", "Dr.", "Smith", "."]:
        raise RuntimeError(f"spaCy's English rules gave {seen}")
    return "spaCy splits English without a model"


def look_at_hdf5() -> str:
    import h5py

    with h5py.File("check.hdf5", "w", driver="core", backing_store=False) as file:  # in memory only
        file["values"] = [1.0, 2.0]
        if file["values"][...].sum() != 3.0:
            raise RuntimeError("h5py does not give back what it was given")
    return f"HDF5 {h5py.version.hdf5_version}"


def look_at_bilm() -> str:
    from elmo_tasks.bilm import BiLM, batch_to_ids, find_bilm

    bilm = BiLM.from_files(*find_bilm("mini"))
    characters = batch_to_ids([SENTENCE])  # Shape: (1, tokens, 50)
    start = time.perf_counter()
    with torch.no_grad():
        layers = bilm(characters).layers  # Shape: (1, num_layers + 1, tokens, 2 * projection_dim)
    milliseconds = 1000 * (time.perf_counter() - start)
    if not torch.isfinite(layers).all() or layers.shape[2] != len(SENTENCE):
        raise RuntimeError(f"{' '.join(SENTENCE)!r} gave layers of shape {tuple(layers.shape)} with values not finite")
    return f'"mini" gave {" ".join(SENTENCE)!r} layers of shape {tuple(layers.shape)} in {milliseconds:.0f} ms'


def report(checks: list[Check]) -> int:
    """
    Runs the checks and prints a line for each.

    # Returns

    `int`
        How many were not well.
    """
    failed = 0
    for check in checks:
        try:
            print(f"ok    {check.name}: {check.look()}")
        except Exception as error:
            failed += 1
            print(f"FAIL  {check.name}: {type(error).__name__}: {error}")
            print(f"      what to do: {check.remedy}")
    return failed


def run(args: argparse.Namespace) -> None:
    """Prints the report; exits with 1 where something is wrong."""
    print(f"elmo-tasks {elmo_tasks.__version__}")
    checks = all_checks()
    failed = report(checks)
    if failed:
        print(f"{failed} of {len(checks)} checks failed")
        sys.exit(1)
    print(f"all {len(checks)} checks are well")


@Subcommand.register("elmo-doctor")
class Doctor(Subcommand):
    """
    Prints versions, devices and what this plugin registered, tries what it rests on, and embeds a sentence.

    Registered as a `Subcommand` with name "elmo-doctor".
    """

    requires_plugins = False

    @overrides
    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = (
            "Check that ELMo for AllenNLP is well installed; the exit code is 1 where it is not. "
            "Example: allennlp elmo-doctor"
        )
        subparser: argparse.ArgumentParser = parser.add_parser(self.name, description=description, help=description)
        subparser.set_defaults(func=run)
        return subparser

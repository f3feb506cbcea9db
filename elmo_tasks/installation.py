"""
Is this installation well? Checks, each with what to do where something is not.

Nothing but the standard library is imported before a check looks, so that the others are made where a library is
missing or broken.
"""

import pkgutil
import platform
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version
from typing import NamedTuple

from elmo_tasks.device import usable_cores
from elmo_tasks.registration import ALLENNLP_VERSION, ROOMS, TORCHVISION_HELP, check_allennlp

# What matters to a bug report, in this order; a package that is missing is a fault.
PACKAGES = ("torch", "torchvision", "numpy", "h5py", "transformers", "spacy", "jsonnet", "overrides", "allennlp")

WITHOUT_ALLENNLP = (
    "elmo",
    "elmo-doctor",
    "elmo-embed",
    "elmo-merge",
    "elmo-neighbors",
    "elmo-onnx",
    "elmo-probe",
    "elmo-senses",
    "elmo-words",
)
"""The commands that work where AllenNLP is missing; all others import it when they run."""

SENTENCES = {"mini": ["The", "doctor", "is", "in", "."], "mini-zh": ["医生", "在", "。"]}
"""One for each biLM in the package."""

REINSTALL = (
    "install again: in a clone `make setup`, elsewhere pip install elmo-tasks' wheel and then "
    f"pip install --no-deps allennlp=={ALLENNLP_VERSION}"
)

_DRIVER = (
    "the GPU's driver and this torch do not go together: install the torch of the driver's CUDA version, which "
    "nvidia-smi shows, or the one without CUDA, from the index that pytorch.org names for it"
)

_MODULES = {"jsonnet": "_jsonnet"}
"""Of packages that are not called as their modules are."""

_REMEDIES = {
    "torchvision": f"pip install --no-deps torchvision==VERSION, the one of this torch: {TORCHVISION_HELP}",
    "allennlp": f"mend what is wrong above first; else pip install --no-deps allennlp=={ALLENNLP_VERSION}",
}

Registered = dict[tuple[str, str], type]
"""(name of AllenNLP's base class, registered name) -> class."""


class Check(NamedTuple):
    """
    One line of the report.

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


def all_checks(commands: Iterable[str]) -> list[Check]:
    """
    The checks, in the order of the report.

    # Parameters

    commands : `Iterable[str]`
        The subcommands that there should be.
    """
    return [
        Check("python", look_at_python, REINSTALL),
        *(Check(name, partial(look_at_package, name), _REMEDIES.get(name, REINSTALL)) for name in PACKAGES),
        Check("devices", look_at_devices, _DRIVER),
        Check("configs", look_at_jsonnet, "pip install --force-reinstall jsonnet"),
        Check("tokenizer", look_at_spacy, "pip install --force-reinstall spacy"),
        Check("hdf5", look_at_hdf5, "pip install --force-reinstall h5py"),
        Check("biLM", look_at_bilm, f"the bundled biLM's files are missing or damaged; {REINSTALL}"),
        *registration_checks(commands),
    ]


def config_check(path: str) -> Check:
    """That a config can be evaluated, and is not one of AllenNLP 0.9."""
    return Check(f"config {path}", partial(look_at_config, path), "mend the config as this says")


def registration_checks(commands: Iterable[str]) -> list[Check]:
    """That every room, every task and every command has registered something; one check where AllenNLP is not well."""
    try:
        found = registered_classes()
        tasks = import_module("elmo_tasks.tasks")
    except Exception as error:
        return [Check("registered", partial(_fail, error), "mend what is wrong above first")]
    folders = {module.name for module in pkgutil.iter_modules(tasks.__path__) if module.ispkg} - {"base"}
    # A room's own check is that of its parts, where it has parts that are looked at.
    modules = [room for room in ROOMS if room not in (tasks.__name__, "elmo_tasks.commands.subcommands")]
    modules += sorted(f"{tasks.__name__}.{folder}" for folder in folders)
    return [
        *(Check(f"registered by {name}", partial(look_at_module, name, found), REINSTALL) for name in modules),
        Check("registered commands", partial(look_at_commands, list(commands), found), REINSTALL),
    ]


def registered_classes() -> Registered:
    """What this package has registered with AllenNLP. Raises `ImportError` where AllenNLP is not well."""
    check_allennlp()
    from allennlp.common import Registrable

    found = {}
    for base in Registrable.__subclasses__():
        for name in base.list_available():
            registered, _ = base.resolve_class_name(name)
            if registered.__module__.startswith("elmo_tasks."):
                found[base.__name__, name] = registered
    return found


def _fail(error: Exception) -> str:
    raise error


def look_at_module(module: str, found: Registered) -> str:
    names = [f'{base} "{name}"' for (base, name), kind in found.items() if _is_in(kind.__module__, module)]
    if not names:
        raise RuntimeError("nothing is registered; is it imported by the package above it?")
    return ", ".join(sorted(names))


def _is_in(module: str, package: str) -> bool:
    return f"{module}.".startswith(f"{package}.")


def look_at_commands(commands: list[str], found: Registered) -> str:
    if missing := [name for name in commands if ("Subcommand", name) not in found]:
        raise RuntimeError(f"not registered: {', '.join(missing)}")
    return ", ".join(commands)


def look_at_python() -> str:
    return f"{platform.python_version()} on {platform.system()} {platform.machine()}, {sys.executable}"


def look_at_package(package: str) -> str:
    """Its version, if that is one of those that this package needs and the package does import."""
    try:
        installed = version(package)
    except PackageNotFoundError:
        raise RuntimeError(f"{package} is not installed") from None
    check_version(package, installed)
    if package == "allennlp":
        # Says more than its import would.
        check_allennlp()
        return installed
    with warnings.catch_warnings():
        # torchvision has one beside a CPU build of torch that need not worry anybody.
        warnings.simplefilter("ignore")
        import_module(_MODULES.get(package, package))
    return installed


def check_version(package: str, installed: str) -> None:
    """Raises `RuntimeError` if elmo-tasks was installed with a requirement that excludes this version."""
    try:
        from packaging.requirements import Requirement
    except ModuleNotFoundError:
        # It comes with what AllenNLP needs, and is missing where the engine alone was installed.
        return
    for line in requires("elmo-tasks") or []:
        requirement = Requirement(line)
        if requirement.name == package and not requirement.specifier.contains(installed, prereleases=True):
            raise RuntimeError(f"installed is {installed}, needed is {requirement.specifier}")


def look_at_devices() -> str:
    import torch

    seen = f"{usable_cores()} cores, torch uses {torch.get_num_threads()} threads"
    for index in range(torch.cuda.device_count()):
        # Allocating shows what only counting devices hides: a driver that is too old, a device that is full.
        torch.zeros(1, device=f"cuda:{index}")
        gib = torch.cuda.get_device_properties(index).total_memory / 2**30
        seen += f"; cuda:{index} {torch.cuda.get_device_name(index)}, {gib:.0f} GiB"
    if torch.backends.mps.is_available():
        seen += "; mps"
    return seen


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


def look_at_config(path: str) -> str:
    check_allennlp()
    from elmo_tasks.configs.add import read_config

    config = read_config(path)
    return (
        ", ".join(f"{key} {_type(config[key])}" for key in ("dataset_reader", "model") if key in config) or "no model"
    )


def _type(part: object) -> object:
    return part.get("type") if isinstance(part, dict) else part


def look_at_hdf5() -> str:
    import h5py

    with h5py.File("check.hdf5", "w", driver="core", backing_store=False) as file:  # in memory only
        file["values"] = [1.0, 2.0]
        if file["values"][...].sum() != 3.0:
            raise RuntimeError("h5py does not give back what it was given")
    return f"HDF5 {h5py.version.hdf5_version}"


def look_at_bilm() -> str:
    import torch

    from elmo_tasks.bilm import BiLM, batch_to_ids, find_bilm

    said = []
    for name, sentence in SENTENCES.items():
        bilm = BiLM.from_files(*find_bilm(name))
        characters = batch_to_ids([sentence])  # Shape: (1, tokens, 50)
        start = time.perf_counter()
        with torch.no_grad():
            layers = bilm(characters).layers  # Shape: (1, num_layers + 1, tokens, 2 * projection_dim)
        milliseconds = 1000 * (time.perf_counter() - start)
        gave = f'"{name}" gave {" ".join(sentence)!r} layers of shape {tuple(layers.shape)}'
        if not torch.isfinite(layers).all() or layers.shape[2] != len(sentence):
            raise RuntimeError(f"{gave} with values not finite")
        said.append(f"{gave} in {milliseconds:.0f} ms")
    return "; ".join(said)

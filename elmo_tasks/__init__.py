"""
ELMo for AllenNLP experiments.

Importing this package registers all that it offers with AllenNLP; a line `elmo_tasks` in a file `.allennlp_plugins`
makes the `allennlp` command do so. Where AllenNLP is not installed nothing is registered, and `elmo_tasks.bilm`, which
needs torch, numpy and h5py only, can be used all the same.
"""

import importlib
import warnings

__version__ = "0.1.0"

ALLENNLP_VERSION = "2.10.1"

INSTALL_HELP = f"""To have AllenNLP and what it needs in versions that work together:
    pip install .                                        (in a clone of elmo-tasks; or its wheel)
    pip install --no-deps torchvision allennlp=={ALLENNLP_VERSION}
torchvision must go with the torch that is installed; README.md, Install, says which does."""

# Each imports the modules below it that register something.
_ROOMS = (
    "elmo_tasks.compat",
    "elmo_tasks.resuming",
    "elmo_tasks.archives",
    "elmo_tasks.embedders",
    "elmo_tasks.modules",
    "elmo_tasks.pretraining",
    "elmo_tasks.tasks",
    "elmo_tasks.commands",
)


def _allennlp_is_here() -> bool:
    """
    Whether AllenNLP is installed.

    # Raises

    `ImportError`
        Where it is installed but of another version, or does not import.
    """
    try:
        with warnings.catch_warnings():
            # torchvision says this beside a CPU build of torch; AllenNLP imports it and nothing here reads images.
            warnings.filterwarnings("ignore", message="Failed to load image Python extension")
            import allennlp
            import allennlp.commands
    except ModuleNotFoundError as error:
        if error.name == "allennlp":
            return False
        raise ImportError(f"AllenNLP is installed but does not import: {error}.\n{INSTALL_HELP}") from error
    except Exception as error:
        # A torchvision that does not match torch raises RuntimeError, a new transformers ImportError.
        raise ImportError(f"AllenNLP is installed but does not import: {error}.\n{INSTALL_HELP}") from error
    if allennlp.__version__ != ALLENNLP_VERSION:
        raise ImportError(
            f"elmo_tasks works with AllenNLP {ALLENNLP_VERSION}; installed is {allennlp.__version__}.\n{INSTALL_HELP}"
        )
    return True


def _register() -> None:
    """Imports every module that registers something; a module that fails to import fails loudly."""
    for room in _ROOMS:
        try:
            importlib.import_module(room)
        except ModuleNotFoundError as error:
            # AllenNLP gives a plugin that raises ModuleNotFoundError one line in the log and goes on without it.
            raise ImportError(f"{room} does not import: {error}.\n{INSTALL_HELP}") from error


if _allennlp_is_here():
    _register()

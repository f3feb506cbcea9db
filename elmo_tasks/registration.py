"""
When, and how, this package registers itself with AllenNLP: as soon as both are imported, whichever comes first.

The biLM can be used without AllenNLP, whose import costs seconds and fails where a library does not fit; so
`import elmo_tasks` does not import it. Where AllenNLP is imported already, as it is when it loads its plugins, all is
registered at once. Otherwise Python's import system is watched: right after the package `allennlp` itself is imported,
which is before any module inside it, all of ours are imported too. Nothing else has to be known about AllenNLP: not
who looks a name up, nor when, and what `compat` mends is mended before anybody can use it.

Where AllenNLP is not well, or only half imported, what needs no AllenNLP goes on: the error is raised where AllenNLP
loads this package as its plugin, and at each import of a module that needs AllenNLP.
"""

import importlib
import logging
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType
from typing import Any

ALLENNLP_VERSION = "2.10.1"

TORCHVISION_HELP = "torchvision 0.N goes with torch 2.M where N is M + 15, such as 0.28 with 2.13"

INSTALL_HELP = f"""To have AllenNLP and what it needs in versions that work together:
    pip install .                                        (in a clone of elmo-tasks; or its wheel)
    pip install --no-deps torchvision allennlp=={ALLENNLP_VERSION}
{TORCHVISION_HELP}."""

MENDS = ("elmo_tasks.compat", "elmo_tasks.resuming", "elmo_tasks.configs.importing")
"""These mend AllenNLP, or add to what it does, when they are imported."""

ROOMS = (
    "elmo_tasks.archives",
    "elmo_tasks.embedders",
    "elmo_tasks.modules",
    "elmo_tasks.pretraining",
    "elmo_tasks.tasks",
    "elmo_tasks.commands.subcommands",
)
"""Each imports the modules below it that register something."""

NEED_ALLENNLP = (
    "elmo_tasks.archives",
    "elmo_tasks.commands.subcommands",
    "elmo_tasks.compat",
    "elmo_tasks.configs",
    "elmo_tasks.embedders",
    "elmo_tasks.mixes",
    "elmo_tasks.modules",
    "elmo_tasks.old_configs",
    "elmo_tasks.pretraining",
    "elmo_tasks.reproduce",
    "elmo_tasks.resuming",
    "elmo_tasks.runner",
    "elmo_tasks.serving",
    "elmo_tasks.tasks",
)
"""These, or modules in them, import AllenNLP. All others never do so by being imported, whether it is well or not."""

_logger = logging.getLogger(__name__)


def register_with_allennlp() -> None:
    """
    Registers all that this package offers: now where AllenNLP is imported, or else as soon as it is.

    # Raises

    `ImportError`
        If AllenNLP loads this package, and is not well. Who else imports it may want what needs no AllenNLP, and has
        one line in the log.
    """
    if sys.modules.get("allennlp") is None:
        _WATCH.begin()
        return
    try:
        register()
    except Exception as error:
        if _allennlp_loads_us():
            raise
        _logger.warning("Nothing of elmo_tasks is registered with AllenNLP. %s", str(error).split("\n")[0])
        _WATCH.begin(allennlp_was_run=True)


def _allennlp_loads_us() -> bool:
    """Whether the module that imports this package is one of AllenNLP's: it loads a plugin, or `--include-package`."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        package = str(frame.f_globals.get("__name__")).split(".")[0]
        if package not in ("elmo_tasks", "importlib", "_frozen_importlib"):
            return package == "allennlp"
        frame = frame.f_back
    return False


def register() -> None:
    """
    Imports AllenNLP and every module of ours that registers something.

    # Raises

    `ImportError`
        If AllenNLP is of another version, or it or one of our modules does not import.
    """
    from elmo_tasks.commands import silence_log_of_commands

    silence_log_of_commands()
    check_allennlp()
    for room in (*MENDS, *ROOMS):
        try:
            importlib.import_module(room)
        except ModuleNotFoundError as error:
            # AllenNLP gives a plugin that raises ModuleNotFoundError one line in the log and goes on without it.
            raise ImportError(f"{room} does not import: {error}.\n{INSTALL_HELP}") from error


def check_allennlp() -> None:
    """Imports AllenNLP. Raises `ImportError`, which says what to do, if it does not import or is of another version."""
    try:
        _silence_torchvision()
        import allennlp
        import allennlp.commands
    except ModuleNotFoundError as error:
        if error.name == "allennlp":
            raise ImportError(f"AllenNLP is not installed.\n{INSTALL_HELP}") from error
        raise ImportError(f"AllenNLP is installed but does not import: {error}.\n{INSTALL_HELP}") from error
    except Exception as error:
        # A torchvision that does not match torch raises RuntimeError, a new transformers ImportError.
        raise ImportError(f"AllenNLP is installed but does not import: {error}.\n{INSTALL_HELP}") from error
    if allennlp.__version__ != ALLENNLP_VERSION:
        raise ImportError(
            f"elmo_tasks works with AllenNLP {ALLENNLP_VERSION}; installed is {allennlp.__version__}.\n{INSTALL_HELP}"
        )


def _silence_torchvision() -> None:
    """Silences what torchvision says beside a CPU build of torch: nothing here reads images, as AllenNLP could."""
    warnings.filterwarnings("ignore", message="Failed to load image Python extension")


class _Watch(MetaPathFinder):
    """
    Registers as soon as the package `allennlp` is imported and none of our modules is in the middle of its import.

    The latter matters where one of ours imports AllenNLP first, as in `from elmo_tasks.embedders import TaskElmo`.
    """

    def __init__(self) -> None:
        self._thread = threading.local()
        self._registering = threading.Lock()
        self._allennlp_was_run = False

    def begin(self, allennlp_was_run: bool = False) -> None:
        """Watches from now on. Where AllenNLP was run, and is not well, that is an error at the next import."""
        self._allennlp_was_run |= allennlp_was_run
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """What the other finders find, for the modules that matter with a loader that tells us of their end."""
        if name != "allennlp" and not name.startswith(NEED_ALLENNLP):
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _WatchedLoader(spec.loader, self)
                return spec
        return None

    @contextmanager
    def importing(self, name: str) -> Iterator[None]:
        """Around the code of a module; registers after that of the outermost one."""
        if name == "allennlp":
            _silence_torchvision()
        depth = getattr(self._thread, "depth", 0)
        self._thread.depth = depth + 1
        try:
            if name != "allennlp" and depth == 0 and self._allennlp_was_run and not self._registering.locked():
                # Says more than what the module would stumble over.
                check_allennlp()
            yield
        finally:
            self._thread.depth = depth
        self._allennlp_was_run |= name == "allennlp"
        if depth == 0:
            self._register()

    def _register(self) -> None:
        """Registers once AllenNLP is there, unless that is being done; if it fails, again at the next import."""
        # Who waited here while another thread registers would hold that thread's imports up.
        if self._allennlp_was_run and self._registering.acquire(blocking=False):
            try:
                register()
                if self in sys.meta_path:
                    sys.meta_path.remove(self)
            finally:
                self._registering.release()


class _WatchedLoader(Loader):
    """A module's own loader, but that the watch is told of the module's import."""

    def __init__(self, loader: Loader, watch: _Watch) -> None:
        self._loader = loader
        self._watch = watch

    def __getattr__(self, name: str) -> Any:
        # Such as `get_code`, by which `python -m` runs a module.
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # From here on the module is as if it had not been watched.
        assert module.__spec__ is not None
        module.__spec__.loader = module.__loader__ = self._loader
        with self._watch.importing(module.__name__):
            self._loader.exec_module(module)


_WATCH = _Watch()

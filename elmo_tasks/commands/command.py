"""What all commands have in common: what they consist of, and how a user's mistake is told."""

import argparse
import logging
import os
import pickle
import select
import signal
import sys
import traceback
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

TRACEBACK = "ELMO_TASKS_TRACEBACK"
"""The environment variable with which a mistake is told with its traceback."""

_UNREAD = 141
"""A shell's code for what is ended by SIGPIPE, which is 13 where there is one."""

_READING_CONFIGS = tuple(f"/allennlp/common/{name}.py" for name in ("from_params", "params", "registrable"))
_UNKNOWN_PARAMETER = "__init__() got an unexpected keyword argument"


class Command(NamedTuple):
    """
    A subcommand of `elmo-tasks` and of `allennlp`.

    # Parameters

    help : `str`
        Its line in the list of commands.
    description : `str`
        What it does, with an example.
    add_options : `Callable[[argparse.ArgumentParser], None]`
        Adds its options. Each default is said in the option's own help.
    run : `Callable[[argparse.Namespace], None]`
        Does it and prints the answer. A user's mistake leaves it as one of the exceptions that `is_mistake` knows.
    plugins : `bool`, optional (default = `False`)
        Whether it may meet classes of other packages, in an archive: it imports AllenNLP's plugins first, and has the
        option `--include-package`.
    """

    help: str
    description: str
    add_options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], None]
    plugins: bool = False


def options_parser(name: str, command: Command, prog: str) -> argparse.ArgumentParser:
    """A parser of the command's options, without `--help`, to be the parent of one that has it."""
    parser = argparse.ArgumentParser(prog=f"{prog} {name}", add_help=False)
    command.add_options(parser)
    add_verbose_option(parser)
    return parser


def add_verbose_option(parser: argparse.ArgumentParser) -> None:
    """Adds `--verbose`, also to a parser inside another."""
    parser.add_argument(
        "--verbose",
        action="store_true",
        # Not False, which an inner parser would put over what was given to the outer one.
        default=argparse.SUPPRESS,
        help="show the log too, and the whole traceback of an error",
    )


def run_command(name: str, command: Command, args: argparse.Namespace) -> None:
    """
    Runs a command, without AllenNLP's log of what it does unless that was asked for.

    # Raises

    `SystemExit`
        With the message, where the user has made a mistake.
    """
    verbose = getattr(args, "verbose", False)
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.INFO if verbose else logging.WARNING)
    try:
        with mistakes_told(name, with_traceback=verbose):
            command.run(args)
    finally:
        root.setLevel(before)


@contextmanager
def mistakes_told(name: str, with_traceback: bool = False) -> Iterator[None]:
    """
    Turns an exception that `is_mistake` knows into an exit with code 1 and its message, Ctrl-C into one with a shell's
    code for it, 130, and the end of a program that reads the output, such as `head`, into a silent one with 141; all
    others stay.

    # Parameters

    name : `str`
        The command's, which the message begins with.
    with_traceback : `bool`
        Whether the traceback is printed before it, as it is with the environment variable `ELMO_TASKS_TRACEBACK`.
    """
    try:
        yield
        # Or Python would write the rest when no one can catch what happens.
        sys.stdout.flush()
    except KeyboardInterrupt:
        print(f"{name}: interrupted.", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)
    except Exception as error:
        if isinstance(error, BrokenPipeError) and _is_unread():
            sys.exit(_UNREAD)
        if not is_mistake(error):
            raise
        _write_to_log_files(error)
        if with_traceback or os.environ.get(TRACEBACK):
            traceback.print_exc()
        sys.exit(f"{name}: {_message(error)}")


def _is_unread() -> bool:
    """Whether nobody reads the output any more. What is left of it is given up then."""
    output = select.poll()
    output.register(sys.stdout, 0)
    if not output.poll(0):
        return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True


def is_mistake(error: Exception) -> bool:
    """
    Whether an exception tells of what the user can mend, not of a fault in a program.

    These are: what the system says of files and of the network; a file that is cut off; a library that is not there or
    does not import; a config's value of a wrong type; and errors that have a class of their own, which a program raises
    on purpose: AllenNLP's `ConfigurationError`, and all kinds of `ValueError`, ours as well as those for what is no
    JSON or no UTF-8. A bare `ValueError` is a fault.
    """
    if isinstance(error, OSError | ImportError) or _is_from_damage(error) or _is_from_config(error):
        return True
    if isinstance(error, ValueError):
        return type(error) is not ValueError
    # By name, as the classes' modules import AllenNLP.
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & {"ConfigurationError", "RunError"}) or _is_from_jsonnet(error)


def _is_from_jsonnet(error: Exception) -> bool:
    return isinstance(error, RuntimeError) and str(error).startswith(("RUNTIME ERROR: ", "STATIC ERROR: "))


def _is_from_config(error: Exception) -> bool:
    """
    Whether it is what AllenNLP says of a config's value that has another type than its class takes, and Python of a
    parameter that the class has not: a bare error, raised where AllenNLP reads configs or right below.
    """
    if type(error) not in (TypeError, ValueError):
        return False
    files = [Path(frame.filename).as_posix() for frame in traceback.extract_tb(error.__traceback__)]
    # Where a "type" has dots in it, a module is imported.
    is_reading = [file.endswith(_READING_CONFIGS) for file in files if "importlib" not in file]
    return any(is_reading) and (is_reading[-1] or _UNKNOWN_PARAMETER in str(error))


def _is_from_damage(error: Exception) -> bool:
    """Whether it is what the readers of compressed files and of weights say of one that is cut off."""
    return isinstance(error, EOFError | pickle.UnpicklingError | zlib.error) or "PytorchStreamReader" in str(error)


def _message(error: Exception) -> str:
    if _is_from_damage(error):
        return f"A file is damaged or cut off: {error} ({TRACEBACK}=1 shows which)"
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        # Where a finished file could not be put in its place there are two, of which the user knows the latter.
        return f"{error.filename2 or error.filename}: {error.strerror}."
    if isinstance(error, OSError) and error.errno is not None and error.filename is None:
        return f"{error} ({TRACEBACK}=1 shows where)"
    if isinstance(error, UnicodeEncodeError) and error.encoding != "utf-8":
        unknown = error.object[error.start]
        return f'The output is {error.encoding}, which has no "{unknown}": set the environment variable PYTHONUTF8=1.'
    if isinstance(error, ImportError):
        return f"{error}\n`elmo-tasks elmo-doctor` says what is wrong with this installation."
    if _is_from_config(error):
        return f"The config has a value of a wrong type, or a key that is none: {error}"
    if _is_from_jsonnet(error):
        return str(error).split("\n\t")[0].strip()
    return str(error)


def _write_to_log_files(error: Exception) -> None:
    """A training's log file gets the traceback that its user is spared."""
    record = logging.LogRecord(
        __name__, logging.CRITICAL, __file__, 0, "Ended by an error", None, (type(error), error, error.__traceback__)
    )
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.FileHandler):
            handler.handle(record)

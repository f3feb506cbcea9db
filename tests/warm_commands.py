"""
`elmo-tasks` and `allennlp` without their seconds of imports: one process imports what they import, and forks for each.

`warm(folder)` is that process, and `folder` gets a script for each command, to stand first on the PATH. A script hands
its arguments, folder, environment and files to the process, passes signals on, and ends as the command ends.
"""

import array
import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

COMMANDS = ("elmo-tasks", "allennlp")

_SOCKET = "commands"
_SCRIPT = """#!{python} -SE
import array, json, os, signal, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({path!r})
said = json.dumps([{name!r}, sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
files = array.array("i", [0, 1, 2])
server.sendmsg([len(said).to_bytes(8, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)])
server.sendall(said)
answers = server.makefile("r")
child = int(answers.readline())
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, frame: os.kill(child, number))
code = int(answers.readline() or 1)
if code < 0:
    signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
os._exit(code)
"""


@contextmanager
def warm(folder: Path) -> Iterator[None]:
    """Has the commands' scripts in the folder work, until the end of the block. The environment is that of now."""
    folder.mkdir()
    # A socket's path may have a hundred characters, which a test's folder has alone.
    with tempfile.TemporaryDirectory() as short:
        path = f"{short}/{_SOCKET}"
        for name in COMMANDS:
            script = folder / name
            script.write_text(_SCRIPT.format(python=sys.executable, name=name, path=path))
            script.chmod(0o755)
        with subprocess.Popen([sys.executable, __file__, path], stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            try:
                assert server.stdout.readline() == "ready\n"
                yield
            finally:
                server.kill()


def _serve(path: str) -> None:
    """Listens, and forks for each command that comes."""
    import allennlp.__main__
    import allennlp.commands  # noqa: F401

    import elmo_tasks.__main__
    import elmo_tasks.commands.subcommands
    import elmo_tasks.tasks  # noqa: F401

    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen()
    print("ready", flush=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        connection, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os._exit(_watch(connection))
        connection.close()


def _watch(connection: socket.socket) -> int:
    """Runs one command in a process of its own, and says how it ended."""
    files = array.array("i")
    content, ancillary, *_ = connection.recvmsg(8, socket.CMSG_SPACE(3 * files.itemsize))
    files.frombytes(ancillary[0][2])
    wanted = int.from_bytes(content, "big")
    said = b""
    while len(said) < wanted:
        said += connection.recv(wanted - len(said))
    child = os.fork()
    if child == 0:
        _run(json.loads(said), files, connection)
    connection.sendall(f"{child}\n".encode())
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    connection.sendall(f"{code}\n".encode())
    return 0


def _run(said: list, files: array.array, connection: socket.socket) -> None:  # type: ignore[type-arg]
    name, arguments, folder, environment = said
    connection.close()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = [name, *arguments]
    # As Python has it for a program of its own.
    sys.path[0] = os.path.dirname(sys.executable)
    code = _code(_main(name))
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = 120
    atexit._run_exitfuncs()
    os._exit(code)


def _main(name: str) -> Callable[[], object]:
    import allennlp.__main__

    import elmo_tasks.__main__

    return elmo_tasks.__main__.main if name == "elmo-tasks" else allennlp.__main__.run


def _code(main: Callable[[], object]) -> int:
    """What Python ends with after `sys.exit(main())`."""
    try:
        result = main()
    except SystemExit as stopped:
        result = stopped.code
    except BaseException:
        traceback.print_exc()
        return 1
    if result is None or isinstance(result, int):
        return int(result or 0)
    print(result, file=sys.stderr)
    return 1


if __name__ == "__main__":
    _serve(sys.argv[1])

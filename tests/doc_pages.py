"""
The pages of the documentation as programs: each block of commands is run as it is written.

A page's blocks run in their order, `bash` by bash and `python` in one namespace, in an empty folder with an empty home,
with this package installed and nothing else of the project: where a user is. `elmo-tasks` and `allennlp` begin without
their imports (`warm_commands.py`), which would be most of the time that the pages take. Comments in the page, which a
reader of the rendered page does not see, say what is different:

    <!-- run: clone -->               from here on: in a copy of what a clone holds
    <!-- run: elsewhere -->           from here on: in the empty folder again
    <!-- not run: network -->         the next block is not run, for one of the `REASONS`; it must parse all the same
    <!-- fails -->                    the next block must fail
    <!-- figures differ -->           of the next output, numbers need not be the same

A `text` block is the output of the block before it: each of its lines must have been printed, in this order. Blocks in
other languages are only shown.

A notebook is a page too: its cells run in a copy of what a clone holds, and must print again what the notebook shows
that they printed. A cell's tags may be "figures differ", or "output differs" where another machine prints something
else. Pictures are not compared.
"""

import contextlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from allennlp.commands import parse_args
from warm_commands import warm

import elmo_tasks

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NOTEBOOKS = sorted((ROOT / "docs").glob("*.ipynb"))

REASONS = {
    "network": "something is fetched",
    "GPU": "it needs a GPU",
    "data": "it needs data that the repository does not hold",
    "hours": "it takes too long for a test",
    "part": "it is a part of a file that the page does not write",
    "installs": "it would change the environment that the tests run in; .ci/run sets one up by the same commands",
}

_COMMENTS = {"fails", "figures differ", *(f"not run: {reason}" for reason in REASONS)}

_CLONE = ("elmo_tasks", "fixtures", "results", "training_configs", ".allennlp_plugins")
"""What is copied of the repository for blocks that run in a clone."""

_TIMEOUT = 1200

_PART = re.compile(r"^<!-- (?P<comment>.*?) -->$|^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"\d[\d,]*(\.\d+)?")
_WRITES = re.compile(r" (?:-s|--output-file|--json|--picture) ([\w./-]+)(?=\s|$)")


class Block(NamedTuple):
    """
    A fenced block of a page.

    # Parameters

    language : `str`
    code : `str`
    place : `str`
        `"elsewhere"` or `"clone"`.
    comments : `frozenset[str]`
        Those that are about this block alone.
    page : `str`
        From the root of the repository.
    line : `int`
        The number of the code's first line in the page.
    """

    language: str
    code: str
    place: str
    comments: frozenset[str]
    page: str
    line: int

    @property
    def where(self) -> str:
        """For messages."""
        return f"{self.page}:{self.line}"

    @property
    def is_run(self) -> bool:
        return self.language in ("bash", "python") and not any(note.startswith("not run") for note in self.comments)


def read_blocks(page: Path) -> Iterator[Block]:
    """
    The blocks of a page, in order; those of a notebook are its cells, and what they printed.

    # Raises

    `ValueError`
        For a comment that means nothing.
    """
    text = page.read_text(encoding="utf-8")
    name = str(page.relative_to(ROOT))
    if page in NOTEBOOKS:
        yield from _read_cells(json.loads(text), name)
        return
    place, comments = "elsewhere", set[str]()
    for part in _PART.finditer(text):
        line = text.count("\n", 0, part.start()) + 1
        comment = part["comment"]
        if comment is None:
            yield Block(part["language"], part["code"], place, frozenset(comments), name, line + 1)
            comments.clear()
        elif comment in ("run: elsewhere", "run: clone"):
            place = comment.removeprefix("run: ")
        elif comment in _COMMENTS:
            comments.add(comment)
        else:
            raise ValueError(f"{name}:{line}: tests/doc_pages.py does not know the comment <!-- {comment} -->.")


def _read_cells(notebook: dict[str, Any], name: str) -> Iterator[Block]:
    for number, cell in enumerate(notebook["cells"], start=1):
        if cell["cell_type"] == "code":
            tags = frozenset(cell["metadata"].get("tags", []))
            yield Block("python", "".join(cell["source"]), "clone", frozenset(), f"{name}, cell {number}", 1)
            if "output differs" not in tags:
                yield Block("text", printed_by(cell), "clone", tags, f"{name}, cell {number}", 1)


def printed_by(cell: dict[str, Any]) -> str:
    """What a notebook shows that a cell has printed."""
    return "".join("".join(output["text"]) for output in cell["outputs"] if output["output_type"] == "stream")


def run_page(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Runs a page's blocks.

    # Parameters

    name : `str`
        The page, from the root of the repository.
    folder : `Path`
        An empty one.
    monkeypatch : `pytest.MonkeyPatch`
        Puts environment and current folder back.
    """
    _set_up(folder, monkeypatch)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    output: str | None = None
    with warm(folder / "bin"):
        for block in read_blocks(ROOT / name):
            monkeypatch.chdir(folder / block.place)
            if block.language == "text" and output is not None:
                _check_output(block, output)
            elif block.is_run:
                output = _run_bash(block) if block.language == "bash" else _run_python(block, namespace)
            elif block.language in ("bash", "python"):
                output = None
                _check_syntax(block, monkeypatch)


def _set_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders to work in, and an environment without home, network or the repository."""
    for name in ("elsewhere", "clone", "home", "site"):
        (folder / name).mkdir()
    for name in _CLONE:
        source, target = ROOT / name, folder / "clone" / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    # The package that these tests import, whichever is installed.
    (folder / "site/elmo_tasks").symlink_to(Path(elmo_tasks.__file__).parent)
    monkeypatch.setenv("PYTHONPATH", str(folder / "site"))
    folders = [str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    monkeypatch.setenv("PATH", os.pathsep.join(folders))
    monkeypatch.setenv("HOME", str(folder / "home"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")  # where nobody answers


def _run_bash(block: Block) -> str:
    command = ["bash", "-euo", "pipefail", "-c", block.code]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=_TIMEOUT)
    fails = "fails" in block.comments
    assert (done.returncode != 0) == fails, f"{block.where}: exit code {done.returncode}\n{done.stdout}"
    missing = [name for name in _WRITES.findall(_joined(block.code)) if not Path(name).exists()]
    assert fails or not missing, f"{block.where}: {', '.join(missing)} was not written\n{done.stdout}"
    return done.stdout


def _run_python(block: Block, namespace: dict[str, Any]) -> str:
    # The blank lines give a traceback the page's line numbers.
    code = compile("\n" * (block.line - 1) + block.code, block.page, "exec")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, namespace)
    return printed.getvalue()


def _check_output(block: Block, output: str) -> None:
    def lines(text: str) -> Iterator[str]:
        same = _NUMBER.sub("0", text) if "figures differ" in block.comments else text
        return (" ".join(line.split()) for line in same.splitlines())

    printed = lines(output)
    for line in lines(block.code):
        # Takes from the iterator: the next line is looked for after this one.
        assert line in printed, f"{block.where}: {line!r} is not in its place in what was printed:\n{output}"


def _check_syntax(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a block that is not run: Python compiles, bash parses, our commands know their options, the configs exist."""
    if block.language == "python":
        compile(block.code, block.where, "exec")
        return
    subprocess.run(["bash", "-n", "-c", block.code], check=True, timeout=_TIMEOUT)
    for words in _commands(block.code):
        configs = [word for word in words if word.endswith(".jsonnet") and word.startswith("training_configs")]
        assert all((ROOT / config).is_file() for config in configs), f"{block.where}: {configs} is not there"
        if words and words[0] == "elmo-tasks":
            monkeypatch.setattr(sys, "argv", words)
            assert _command_line_parses(), f"{block.where}: this is not what the command takes: {shlex.join(words)}"


def _commands(code: str) -> Iterator[list[str]]:
    """The words of each command."""
    command = ""
    for line in _joined(code).splitlines():
        command += line
        try:
            words = shlex.split(command, comments=True)
        except ValueError:  # a quotation that goes on in the next line
            command += "\n"
            continue
        yield words
        command = ""


def _command_line_parses() -> bool:
    try:
        parse_args("elmo-tasks")
    except SystemExit as stopped:
        return stopped.code == 0
    return True


def _joined(code: str) -> str:
    """The code with each line that ends with a backslash joined to the next."""
    return code.replace("\\\n", " ")

"""
A long text through `elmo-tasks elmo`: once without a break, once killed twice on the way and resumed. Prints the
seconds and the peak memory of each, and whether the two files are equal.

    python -m benchmarks.kill_and_resume TEXT FOLDER --lines 200000 --options --top --float16

needs room in FOLDER for four times the output: --top --float16 makes 0.5 kB of a token with the mini biLM, --all in
single precision 3 kB.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from itertools import chain, islice, repeat
from pathlib import Path

import h5py
import numpy as np

from elmo_tasks.files import writing
from elmo_tasks.vectors.dump.text import read_sentences


def write_lines(text: Path, number: int, path: Path) -> int:
    """Writes so many of the text's lines that are not blank, over and over if need be; returns their tokens."""
    sentences = (sentence for sentence in chain.from_iterable(map(read_sentences, repeat(text))) if sentence.tokens)
    tokens = 0
    with writing(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        for sentence in islice(sentences, number):
            file.write(f"{sentence.text}\n")
            tokens += len(sentence.tokens)
    return tokens


def size(folder: Path) -> int:
    """Bytes of a folder's files. A file may go while its folder is read."""
    total = 0
    for path in folder.glob("*"):
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


def run(text: Path, output: Path, options: list[str], kill_at: int | None = None) -> str:
    """Runs the command, to be killed once it has written so many bytes. Returns what it took, in words."""
    command = [sys.executable, "-m", "elmo_tasks", "elmo", str(text), str(output), *options]
    start = time.perf_counter()
    with open(output.with_suffix(".log"), "a") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    if kill_at is not None:
        folder = output.with_name(output.name + ".parts")
        while process.poll() is None and size(folder) < kill_at:
            time.sleep(0.2)
        process.send_signal(signal.SIGKILL)
    if process.returncode is not None:
        raise SystemExit(f"The command ended with {process.returncode}; see {output.with_suffix('.log')}.")
    _, status, usage = os.wait4(process.pid, 0)
    how = "killed" if os.WIFSIGNALED(status) else f"exit code {os.WEXITSTATUS(status)}"
    return f"{how}, {time.perf_counter() - start:.0f} s, peak {usage.ru_maxrss / 1024:.0f} MB"


def largest_difference(one: Path, other: Path) -> float:
    """Between the vectors of two files; infinity where their datasets are not the same."""
    largest = 0.0
    with h5py.File(one) as first, h5py.File(other) as second:
        if len(first) != len(second):
            return float("inf")
        for key in first:
            if key == "sentence_to_index":
                if json.loads(first[key][0]) != json.loads(second[key][0]):
                    return float("inf")
                continue
            vectors, others = first[key][...], second[key][...]
            if vectors.shape != others.shape or vectors.dtype != others.dtype:
                return float("inf")
            largest = max(largest, float(np.abs(vectors.astype(np.float32) - others).max(initial=0)))
    return largest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path, help="tokenized, one sentence a line, plain or .gz")
    parser.add_argument("folder", type=Path, help="for the text and the outputs, which stay")
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--bilm", default="mini")
    parser.add_argument("--options", nargs=argparse.REMAINDER, default=["--all"], help="for elmo-tasks elmo; come last")
    arguments = parser.parse_args()
    folder = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder / "killed.hdf5.parts", ignore_errors=True)
    for name in ("whole.hdf5", "killed.hdf5"):
        (folder / name).unlink(missing_ok=True)
    tokens = write_lines(arguments.text, arguments.lines, folder / "text.txt")
    options = ["--bilm", arguments.bilm, *arguments.options]
    print(f"{arguments.lines} lines, {tokens} tokens", flush=True)
    print("without a break:", run(folder / "text.txt", folder / "whole.hdf5", options), flush=True)
    whole = (folder / "whole.hdf5").stat().st_size
    for third in (1, 2):
        done = run(folder / "text.txt", folder / "killed.hdf5", options, third * whole // 3)
        print(f"to {third}/3 of its size:", done, flush=True)
    print("resumed:", run(folder / "text.txt", folder / "killed.hdf5", options), flush=True)
    print("largest difference:", largest_difference(folder / "whole.hdf5", folder / "killed.hdf5"))
    print(f"size: {whole / 1e6:.0f} MB")


if __name__ == "__main__":
    main()

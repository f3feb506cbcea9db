"""`elmo-onnx`: a biLM as an ONNX file."""

import argparse
from typing import TYPE_CHECKING

from elmo_tasks.commands.command import Command
from elmo_tasks.commands.output import add_force_option, check_output

if TYPE_CHECKING:
    from elmo_tasks.bilm import LayerSource


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bilm", metavar="BILM", help="mini, mini-zh, small, medium, original, 5.5B, or a folder")
    parser.add_argument("out", metavar="OUT", help="the file to write, such as elmo.onnx")
    add_force_option(parser)


def _run(args: argparse.Namespace) -> None:
    from pathlib import Path

    from elmo_tasks.bilm.onnx import export_onnx
    from elmo_tasks.transformer import read_source

    check_output(args.out, args.force)
    bilm = read_source(args.bilm)
    export_onnx(bilm, args.out)
    size = Path(args.out).stat().st_size
    print(f"Wrote {args.out}: {size / 1e6:.1f} MB, {bilm.num_layers} layers of {bilm.output_dim} numbers.")
    print(_compared(bilm, args.out))


def _compared(bilm: "LayerSource", path: str) -> str:
    """How far the file's layers are from the biLM's own, in words."""
    from elmo_tasks.bilm.onnx import largest_difference

    try:
        difference = largest_difference(bilm, path)
    except ModuleNotFoundError:
        return "It was not compared with the biLM, for which onnxruntime is needed: pip install onnxruntime."
    return f"Run by onnxruntime on three sentences, no number differs from the biLM's by more than {difference:.1e}."


COMMAND = Command(
    help="write a biLM as ONNX, for programs without torch",
    description="Writes a biLM as an ONNX graph: character ids of any batch and length in, layers out. Needs the "
    "packages onnx and onnxscript; where onnxruntime is installed, it says how near the graph's layers are to the "
    "biLM's. Example: elmo-tasks elmo-onnx mini elmo.onnx",
    add_options=_add_options,
    run=_run,
)

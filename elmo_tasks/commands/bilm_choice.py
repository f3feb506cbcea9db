"""The options by which a command is told its biLM."""

import argparse
from typing import TYPE_CHECKING

from elmo_tasks.commands.device import add_device_option, check_device

if TYPE_CHECKING:
    from elmo_tasks.bilm import LayerSource

CHOICES = "mini, mini-zh, small, medium, original, 5.5B, a folder, or transformer:NAME"
"""What `--bilm` takes, see `read_source`; a folder may be a transformer's too."""


def add_bilm_options(parser: argparse.ArgumentParser, default: str = "mini", device: bool = True) -> None:
    """Adds `--bilm`, whose help says the default, `--options-file`, `--weight-file` and, if asked, `--cuda-device`."""
    parser.add_argument("--bilm", help=f"the biLM: {CHOICES} (default: {default})")
    parser.add_argument("--options-file", help="instead of --bilm: path or URL of an options.json (default: none)")
    parser.add_argument("--weight-file", help="and path or URL of its weights.hdf5 (default: none)")
    if device:
        add_device_option(parser)


def load_bilm(args: argparse.Namespace) -> "LayerSource":
    """
    The biLM, or the transformer, that the options say, by default "mini".

    # Raises

    `ValueError`, `FileNotFoundError`
        If it cannot be had, or there is no such GPU.
    """
    from elmo_tasks.transformer import read_source

    check_device(args.cuda_device)
    bilm = read_source(args.bilm, args.options_file, args.weight_file, default="mini")
    return bilm.to("cpu" if args.cuda_device < 0 else f"cuda:{args.cuda_device}")

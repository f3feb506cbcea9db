"""The option by which a command is told its device."""

import argparse


class DeviceError(ValueError):
    """There is no such GPU."""


def add_device_option(parser: argparse.ArgumentParser) -> None:
    """Adds `--cuda-device`."""
    parser.add_argument("--cuda-device", type=int, default=-1, help="GPU, -1 for none (default: %(default)s)")


def check_device(cuda_device: int) -> None:
    """Raises `DeviceError` if there is no such GPU; -1 is the processor."""
    import torch

    number = torch.cuda.device_count()
    if cuda_device >= number:
        seen = f"torch sees {number} of them, counted from 0" if number else "torch sees none"
        raise DeviceError(f"--cuda-device {cuda_device}: there is no such GPU; {seen}. -1 is the processor.")

"""The option by which a command is told its device."""

import argparse

from elmo_tasks import device

_OPTION = "--cuda-device"


def add_device_option(parser: argparse.ArgumentParser) -> None:
    """Adds `--cuda-device`."""
    parser.add_argument(_OPTION, type=int, default=-1, help="GPU, -1 for none (default: %(default)s)")


def check_device(cuda_device: int) -> None:
    """Raises `DeviceError`, which names the option, if there is no such GPU; -1 is the processor."""
    device.check_device(cuda_device, _OPTION)

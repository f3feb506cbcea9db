"""A biLM's files, in the published format."""

from pathlib import Path

from elmo_tasks.bilm import BiLM
from elmo_tasks.bilm.pretrained import OPTIONS_NAME, WEIGHTS_NAME, BiLMFiles


def export_bilm(bilm: BiLM, folder: Path, half: bool = False) -> BiLMFiles:
    """
    Writes options.json and weights.hdf5 into a folder, which is made if need be.

    # Parameters

    bilm : `BiLM`
    folder : `Path`
    half : `bool`
        Whether the weights are rounded to half precision and compressed: half the size, still float32 to their readers.
    """
    files = BiLMFiles(folder / OPTIONS_NAME, folder / WEIGHTS_NAME)
    bilm.save(*files, compress=half, round_to_half=half)
    return files

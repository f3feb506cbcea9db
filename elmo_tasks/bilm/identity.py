"""Whether two biLMs, or other sources of layers, are the same one."""

import hashlib
import json

import torch

from elmo_tasks.bilm.layers import LayerSource


def bilm_digest(source: LayerSource) -> str:
    """SHA-256 of all that a source's layers depend on: its `identity`, weights and precision, wherever from."""
    digest = hashlib.sha256(json.dumps([source.identity(), str(source.dtype)], sort_keys=True).encode())
    for name, weight in source.named_parameters():
        digest.update(name.encode())
        # As bytes, for numpy has no bfloat16.
        digest.update(weight.detach().cpu().contiguous().view(torch.uint8).numpy().data)
    return digest.hexdigest()

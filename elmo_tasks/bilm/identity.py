"""Whether two biLMs are the same one."""

import hashlib
import json
from dataclasses import asdict

import torch

from elmo_tasks.bilm.model import BiLM


def bilm_digest(bilm: BiLM) -> str:
    """SHA-256 of a biLM's options, weights and precision, wherever they came from."""
    digest = hashlib.sha256(json.dumps([asdict(bilm.options), str(bilm.dtype)], sort_keys=True).encode())
    for name, weight in bilm.named_parameters():
        digest.update(name.encode())
        # As bytes, for numpy has no bfloat16.
        digest.update(weight.detach().cpu().contiguous().view(torch.uint8).numpy().data)
    return digest.hexdigest()

"""More is tested with the tasks' predictors, which AllenNLP Interpret is asked about."""

import numpy as np
import torch
from allennlp.interpret.saliency_interpreters import SaliencyInterpreter


def test_each_token_keeps_its_own_vector() -> None:
    vectors = torch.arange(6.0).view(1, 3, 2)
    (kept,) = SaliencyInterpreter._aggregate_token_embeddings([vectors], [])
    np.testing.assert_array_equal(kept, vectors.numpy())


def test_word_pieces_are_put_together_as_ever() -> None:
    vectors = torch.arange(6.0).view(1, 3, 2)
    # The second token consists of two pieces.
    offsets = torch.tensor([[[0, 0], [1, 2]]])
    (kept,) = SaliencyInterpreter._aggregate_token_embeddings([vectors], [offsets])
    assert np.asarray(kept).reshape(2, 2).tolist() == [[0.0, 1.0], [3.0, 4.0]]

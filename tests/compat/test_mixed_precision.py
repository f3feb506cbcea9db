import pytest
import torch
from allennlp.common import Params
from allennlp.modules.token_embedders import TokenEmbedder


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("embedder", ["character_encoding", "elmo_distinct_character_encoding"])
def test_short_words_are_zeros_in_mixed_precision(embedder: str, dtype: torch.dtype) -> None:
    encoder = {"type": "cnn", "embedding_dim": 4, "num_filters": 5, "ngram_filter_sizes": [3], "output_dim": 2}
    params = {"type": embedder, "embedding": {"num_embeddings": 7, "embedding_dim": 4}, "encoder": encoder}
    module = TokenEmbedder.from_params(Params(params))
    # A word, a shorter one than the filters are wide, and padding.
    characters = torch.tensor([[[1, 2, 3, 4], [1, 0, 0, 0], [0, 0, 0, 0]]])
    expected = module(characters)
    with torch.autocast("cpu", dtype):
        torch.testing.assert_close(module(characters), expected)

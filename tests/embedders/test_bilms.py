import torch
from allennlp.data import Vocabulary
from allennlp.models import Model
from allennlp.modules.token_embedders import ElmoTokenEmbedder as StockEmbedder
from torch import Tensor, nn

from elmo_tasks.bilm import BiLMFiles
from elmo_tasks.embedders import ElmoTokenEmbedder
from elmo_tasks.embedders.bilms import bilms_of


class Holder(Model):
    """A model that is never run."""

    def __init__(self, embedder: nn.Module) -> None:
        super().__init__(Vocabulary())
        self.embedder = embedder


def stocks(files: BiLMFiles, requires_grad: bool) -> StockEmbedder:
    """Stock's embedder whose biLM is no longer what the files hold."""
    embedder = StockEmbedder(*map(str, files), requires_grad=requires_grad, dropout=0.0)
    with torch.no_grad():
        for weight in embedder.parameters():
            weight.add_(0.01 * torch.randn_like(weight))
        embedder._elmo._elmo_lstm._token_embedder._char_embedding_weights[0] = 0.0
    return embedder


def test_stocks_biLM_is_found_and_copied(bilm_files: BiLMFiles, character_ids: Tensor) -> None:
    stock = stocks(bilm_files, requires_grad=True)
    ((name, bilm),) = bilms_of(Holder(stock)).items()
    assert name == "embedder._elmo._elmo_lstm"
    expected = stock._elmo._elmo_lstm(character_ids)["activations"]
    for number, layer in enumerate(expected):
        actual = bilm(character_ids).layers[:, number]
        torch.testing.assert_close(actual[0], layer[0, 1:-1], rtol=1e-4, atol=1e-5)


def test_a_trained_embedder_takes_what_stocks_has_learned(bilm_files: BiLMFiles, character_ids: Tensor) -> None:
    stock = stocks(bilm_files, requires_grad=True)
    ours = ElmoTokenEmbedder(*map(str, bilm_files), requires_grad=True, dropout=0.0)
    ours.load_state_dict(stock.state_dict())
    torch.testing.assert_close(ours(character_ids), stock(character_ids), rtol=1e-4, atol=1e-5)

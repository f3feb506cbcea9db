"""The biLMs that a model has."""

from allennlp.models import Model
from allennlp.modules.elmo import _ElmoBiLm

from elmo_tasks.bilm import BiLM, BiLMOptions
from elmo_tasks.bilm.allennlp_weights import from_allennlp
from elmo_tasks.embedders.elmo_token_embedder import ElmoTokenEmbedder


def bilms_of(model: Model) -> dict[str, BiLM]:
    """
    The biLMs of a model, by the names of the modules that hold them: a language model's, or those that a task's model
    trained; where it trained none, the frozen ones. One that several places share is there once. Those of stock
    AllenNLP's `elmo_token_embedder` and `Elmo`, trained or not, are copied into a `BiLM`. Transformers are not among
    them.
    """
    trained = {name: module for name, module in model.named_modules() if isinstance(module, BiLM)}
    trained |= {name: _of_stocks(module) for name, module in model.named_modules() if isinstance(module, _ElmoBiLm)}
    if trained:
        return trained
    embedders = {name: module for name, module in model.named_modules() if isinstance(module, ElmoTokenEmbedder)}
    bilms = {name: embedder.bilm for name, embedder in embedders.items() if isinstance(embedder.bilm, BiLM)}
    first_names = {id(bilm): name for name, bilm in reversed(bilms.items())}
    return {name: bilms[name] for name in reversed(first_names.values())}


def _of_stocks(module: _ElmoBiLm) -> BiLM:
    bilm = BiLM(BiLMOptions.from_dict(module._token_embedder._options))
    bilm.load_state_dict(from_allennlp(module.state_dict()))
    return bilm

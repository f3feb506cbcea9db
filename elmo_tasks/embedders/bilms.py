"""The biLMs that a model has."""

from allennlp.models import Model

from elmo_tasks.bilm import BiLM
from elmo_tasks.embedders.elmo_token_embedder import ElmoTokenEmbedder


def bilms_of(model: Model) -> dict[str, BiLM]:
    """
    The biLMs of a model, by the names of the modules that hold them: a language model's, or those that a task's model
    trained; where it trained none, the frozen ones. One that several places share is there once.
    """
    trained = {name: module for name, module in model.named_modules() if isinstance(module, BiLM)}
    if trained:
        return trained
    embedders = {name: module for name, module in model.named_modules() if isinstance(module, ElmoTokenEmbedder)}
    first_names = {id(embedder.bilm): name for name, embedder in reversed(embedders.items())}
    return {name: embedders[name].bilm for name in reversed(first_names.values())}

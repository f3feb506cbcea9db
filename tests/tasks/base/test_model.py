"""What the tasks' models share, in a model that does nothing else."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from allennlp.common import Lazy, Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import Batch, Instance, Vocabulary
from allennlp.data.fields import ListField, TextField
from allennlp.data.token_indexers import SingleIdTokenIndexer, TokenCharactersIndexer
from allennlp.data.tokenizers import Token
from allennlp.modules import FeedForward, Seq2SeqEncoder, TextFieldEmbedder
from allennlp.nn.util import get_text_field_mask
from torch import Tensor

from elmo_tasks.embedders import ElmoCharacterIndexer
from elmo_tasks.embedders.task_elmo import TaskElmo
from elmo_tasks.tasks.base.model import ElmoModel, build, join

SENTENCES = [["Ada", "left", "Oslo", "."], ["It", "rained"], ["Extraordinarily", "much"]]
DOCUMENTS = [[0, 1], [2]]
INDEXERS = {
    "tokens": SingleIdTokenIndexer(),
    "characters": TokenCharactersIndexer(namespace="characters", min_padding_length=3),
    "elmo": ElmoCharacterIndexer(),
}


def sentence(number: int) -> TextField:
    return TextField([Token(word) for word in SENTENCES[number]], INDEXERS)


@pytest.fixture
def vocab() -> Vocabulary:
    return Vocabulary.from_instances([Instance({"text": sentence(number)}) for number in range(len(SENTENCES))])


def tensors(vocab: Vocabulary, *fields: Any) -> Any:
    batch = Batch([Instance({"text": field}) for field in fields])
    batch.index_instances(vocab)
    return batch.as_tensor_dict()["text"]


def make_model(vocab: Vocabulary, bilm: dict[str, str] | None, place: str = "both") -> ElmoModel:
    encoder = {"type": "cnn", "embedding_dim": 4, "num_filters": 3, "ngram_filter_sizes": [3]}
    embedders = {
        "tokens": {"type": "embedding", "embedding_dim": 5},
        "characters": {
            "type": "elmo_distinct_character_encoding",
            "embedding": {"embedding_dim": 4, "vocab_namespace": "characters"},
            "encoder": encoder,
        },
    }
    embedder = TextFieldEmbedder.from_params(Params({"token_embedders": embedders}), vocab=vocab)
    elmo = TaskElmo.from_params(Params({"bilm": bilm, "dropout": 0, "place": place})) if bilm else None
    return ElmoModel(vocab, embedder, elmo)


@pytest.fixture(scope="module")
def bilm(make_bilm: Callable[[int], dict[str, str]]) -> dict[str, str]:
    return make_bilm(6)


@pytest.mark.parametrize(("place", "dims"), [("input", (6, None)), ("output", (None, 6)), ("both", (6, 6))])
def test_embeds_in_parts(vocab: Vocabulary, bilm: dict[str, str], place: str, dims: tuple[int | None, ...]) -> None:
    model = make_model(vocab, bilm, place)
    (embedded,) = model.embed(tensors(vocab, sentence(0), sentence(1)))
    assert embedded.words.shape == (2, 4, 5 + 3)
    elmo = (embedded.elmo, embedded.output_elmo)
    assert tuple(None if part is None else part.shape[-1] for part in elmo) == dims
    assert join(embedded.words, embedded.elmo).shape[-1] == model.embedding_dim
    assert model.output_elmo_dim == (dims[1] or 0)


def gammas_of(model: ElmoModel) -> tuple[float, ...]:
    """At the input and at the output."""
    assert model.elmo is not None
    return tuple(place.scalar_mix.gamma.item() for place in (model.elmo.input, model.elmo.output) if place is not None)


@pytest.mark.parametrize("frozen", [[], ["tokens"], ["tokens", "characters"]])
def test_where_gamma_starts(vocab: Vocabulary, bilm: dict[str, str], frozen: list[str]) -> None:
    """By frozen words, not by those that are trained; by the encoder's output in any case."""
    model = make_model(vocab, bilm, "both")
    for name in frozen:
        model.text_field_embedder.get_submodule(f"token_embedder_{name}").requires_grad_(False)
    texts = tensors(vocab, sentence(0), sentence(1)), tensors(vocab, sentence(2))
    masks = [get_text_field_mask(text) for text in texts]
    first, second = model.embed(*texts)
    lengths = {
        name: getattr(first, name)[masks[0]].detach().square().sum(dim=-1).mean().sqrt().item()
        for name in ("words", "elmo", "output_elmo")
    }
    at_input, at_output = gammas_of(model)
    assert at_output == 1
    if frozen:
        assert at_input != 1
        assert lengths["elmo"] == pytest.approx(lengths["words"], rel=1e-5)
    else:
        assert at_input == 1
    encoded = [torch.full((*mask.shape, 4), 2.0) for mask in masks]
    joined = [
        model.join_output(states, text.output_elmo, mask)
        for states, text, mask in zip(encoded, (first, second), masks, strict=True)
    ]
    assert gammas_of(model) == (at_input, pytest.approx(4 / lengths["output_elmo"], rel=1e-5))
    # The second text of the batch has the same gammas.
    started = gammas_of(model)
    model.eval()
    for text, states, mask, found in zip(texts, encoded, masks, joined, strict=True):
        (embedded,) = model.embed(text)
        torch.testing.assert_close(model.join_output(states, embedded.output_elmo, mask), found)
    assert gammas_of(model) == started


def test_without_elmo_there_are_words_alone(vocab: Vocabulary) -> None:
    model = make_model(vocab, None)
    (embedded,) = model.embed(tensors(vocab, sentence(0)))
    assert embedded[1:] == (None, None)
    assert (model.embedding_dim, model.output_elmo_dim) == (8, 0)


def test_there_are_zeros_where_there_is_no_token(vocab: Vocabulary, bilm: dict[str, str]) -> None:
    """Whatever the embedders give there."""
    model = make_model(vocab, bilm)
    words: Any = model.text_field_embedder.token_embedder_tokens
    with torch.no_grad():
        words.weight[0] = torch.nan
    (embedded,) = model.embed(tensors(vocab, sentence(0), sentence(1)))
    for part in embedded:
        assert part is not None
        assert torch.isfinite(part).all()
        assert not part[1, 2:].any()
        assert part[1, :2].any()


@torch.no_grad()
def test_a_documents_sentences_are_embedded_as_by_themselves(vocab: Vocabulary, bilm: dict[str, str]) -> None:
    model = make_model(vocab, bilm).eval()
    documents = [ListField([sentence(number) for number in numbers]) for numbers in DOCUMENTS]
    (embedded,) = model.embed(tensors(vocab, *documents), num_wrapping_dims=1)
    for row, numbers in enumerate(DOCUMENTS):
        for column, number in enumerate(numbers):
            (alone,) = model.embed(tensors(vocab, sentence(number)))
            length = len(SENTENCES[number])
            for part, expected in zip(embedded, alone, strict=True):
                assert part is not None
                assert part.shape[:3] == (2, 2, 4)
                torch.testing.assert_close(part[row, column, :length], expected[0], rtol=0, atol=1e-5)


def test_labels_by_index() -> None:
    vocab = Vocabulary()
    for label in ("neutral", "entailment"):
        vocab.add_token_to_namespace(label, "labels")
        vocab.add_token_to_namespace(label + "!", "my_labels")
    model = make_model(vocab, None)
    assert model.label_names() == ["neutral", "entailment"]
    assert model.label_names("my_labels") == ["neutral!", "entailment!"]


def test_joins_what_is_there() -> None:
    one, other = torch.ones(2, 3), torch.zeros(2, 1)
    assert join(one, None, other).tolist() == [[1, 1, 1, 0]] * 2
    assert torch.equal(join(one, None), one)


def lazy(kind: Any, **params: Any) -> Lazy[Any]:
    return Lazy(kind, Params(params))


@pytest.mark.parametrize(
    ("part", "field"),
    [
        (lazy(Seq2SeqEncoder, type="lstm", hidden_size=3), "input_size"),
        (lazy(Seq2SeqEncoder, type="elmo_padded_gru", hidden_size=3), "input_size"),
        (lazy(Seq2SeqEncoder, type="pass_through"), "input_dim"),
        (lazy(FeedForward, num_layers=1, hidden_dims=2, activations="tanh"), "input_dim"),
    ],
)
def test_a_part_gets_its_size_or_is_checked(part: Lazy[Any], field: str) -> None:
    built = build(part, 7, "encoder")
    assert built.get_input_dim() == 7
    inputs: list[Tensor] = [torch.ones(2, 4, 7)]
    if isinstance(built, Seq2SeqEncoder):
        inputs.append(torch.ones(2, 4, dtype=torch.bool))
    assert built(*inputs).shape == (2, 4, built.get_output_dim())

    stated = Lazy(part._constructor, Params({**part._params.as_dict(quiet=True), field: 7}))
    assert build(stated, 7, "encoder").get_input_dim() == 7
    message = r"The input of encoder has vectors of length 82, and its config says 7: leave .* out, or make it 82\."
    with pytest.raises(ConfigurationError, match=message):
        build(stated, 82, "encoder")


def test_encoders_in_a_row() -> None:
    rows = [{"type": "pass_through"}, {"type": "lstm", "input_size": 7, "hidden_size": 3}]
    assert build(lazy(Seq2SeqEncoder, type="compose", encoders=rows), 7, "encoder").get_output_dim() == 3

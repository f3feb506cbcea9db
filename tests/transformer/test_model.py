"""Against transformers' own hidden states, word by word."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_transformers import PLAIN, hidden_states_by_word, write_bert
from torch import Tensor

from elmo_tasks.bilm import EmptyWordError
from elmo_tasks.bilm.activations import CachedBiLM
from elmo_tasks.bilm.identity import bilm_digest
from elmo_tasks.bilm.padding import pad_ids
from elmo_tasks.transformer import PieceIdsError, Transformer, TransformerError, read_transformer

SENTENCES = [PLAIN, ["the", "cats"], [], ["\u200b"], ["anna", "sees", "unmatable", "cats", "x" * 12, "😀"]]


@pytest.mark.parametrize("pooling", ["mean", "first"])
@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_layers_are_transformers_hidden_states(kind: str, pooling: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(kind)
    transformer = read_transformer(folder, pooling)
    with torch.no_grad():
        layers, mask = transformer(transformer.ids([PLAIN, PLAIN[:3]]))
    assert layers.shape == (2, transformer.num_layers, len(PLAIN), transformer.output_dim)
    assert mask.sum(dim=1).tolist() == [len(PLAIN), 3]
    torch.testing.assert_close(layers[0], hidden_states_by_word(folder, PLAIN, pooling))
    torch.testing.assert_close(layers[1, :, :3], hidden_states_by_word(folder, PLAIN[:3], pooling))
    assert not layers[1, :, 3:].any()
    # The layers are far from one another, or else their order would not be tested.
    assert (layers[0, 1:] - layers[0, :-1]).abs().amax(dim=(1, 2)).min() > 0.1


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_padding_and_batch_mates_do_not_matter(kind: str, request: pytest.FixtureRequest) -> None:
    transformer = read_transformer(request.getfixturevalue(kind))
    with torch.no_grad():
        layers, mask = transformer(transformer.ids(SENTENCES))
        assert torch.equal(mask, transformer.token_mask(transformer.ids(SENTENCES)))
        for row, sentence in enumerate(SENTENCES):
            alone = transformer(transformer.ids([sentence]))
            assert alone.mask.shape == (1, len(sentence))
            torch.testing.assert_close(layers[row, :, : len(sentence)], alone.layers[0], rtol=1e-4, atol=1e-5)
            assert not layers[row, :, len(sentence) :].any()
        # No word is zeros, not even one without pieces.
        assert layers.abs().amax(dim=(1, 3))[mask].min() > 0.1
        # A row of zeros is no token, wherever it stands.
        ids = transformer.ids([["the", "cats", "sat"]])
        holed = torch.cat([ids[:, :1], torch.zeros_like(ids[:, :1]), ids[:, 1:]], dim=1)
        torch.testing.assert_close(transformer(holed).layers[:, :, [0, 2, 3]], transformer(ids).layers)
        for empty in ([], [[]], [[], []]):
            assert transformer(transformer.ids(empty)).layers.shape == (
                len(empty),
                transformer.num_layers,
                0,
                transformer.output_dim,
            )


def brute_force(transformer: Any, ids: list[int], room: int) -> Tensor:
    """Shape `(layers, pieces, dim)`: every window read alone; each piece takes the one where it is innermost."""
    starts = [*range(0, len(ids) - room, room // 2), len(ids) - room]
    best: list[tuple[int, Tensor]] = [(-1, torch.empty(0))] * len(ids)
    for start in starts:
        read = [*transformer.pieces.before, *ids[start : start + room], *transformer.pieces.after]
        states = transformer.model(torch.tensor([read]), output_hidden_states=True).hidden_states
        for place in range(room):
            edge = min(place, room - 1 - place)
            if edge > best[start + place][0]:
                best[start + place] = (edge, torch.cat(states)[:, len(transformer.pieces.before) + place])
    return torch.stack([vector for _, vector in best], dim=1)


@pytest.mark.parametrize("kind", ["bert", "roberta"])
@pytest.mark.parametrize(("max_pieces", "tokens"), [(None, 47), (None, 200), (9, 30), (12, 11)])
def test_long_texts_are_read_by_windows(kind: str, max_pieces: int | None, tokens: int, request: Any) -> None:
    transformer = read_transformer(request.getfixturevalue(kind), max_pieces=max_pieces)
    assert transformer.max_pieces == (max_pieces or 48)
    text = ([*PLAIN, "x", "sees"] * 20)[:tokens]
    rows = transformer.pieces.rows(text)
    with torch.no_grad():
        states = brute_force(transformer, [id - 1 for row in rows for id in row], transformer.max_pieces - 2)
        expected = torch.stack([part.mean(dim=1) for part in states.split([len(row) for row in rows], dim=1)], dim=1)
        layers, _ = transformer(transformer.ids([text, ["the", "cats"], text]))
    torch.testing.assert_close(layers[0], expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(layers[2], expected, rtol=1e-4, atol=1e-5)


def test_a_word_longer_than_all_positions(bert: Path) -> None:
    transformer = read_transformer(bert)
    # Its tokenizer takes words of 100 letters.
    with torch.no_grad():
        layers, mask = transformer(transformer.ids([["the", "ab" * 49, "x" * 500]]))
    assert mask.all()
    assert layers.isfinite().all()


def test_chosen_hidden_states(bert: Path) -> None:
    whole, some = read_transformer(bert), read_transformer(bert, hidden_states=[2, 0])
    ids = whole.ids([PLAIN])
    assert (whole.num_layers, some.num_layers) == (3, 2)
    with torch.no_grad():
        torch.testing.assert_close(some(ids).layers, whole(ids).layers[:, [2, 0]])


@pytest.mark.parametrize("chosen", [[], [3], [-1], [0, 0], [True], ["1"]])
def test_hidden_states_that_there_are_not(bert: Path, chosen: list) -> None:
    with pytest.raises(TransformerError, match="must be some of 0 to 2"):
        read_transformer(bert, hidden_states=chosen)


def test_bad_values(bert: Path) -> None:
    with pytest.raises(TransformerError, match='pooling is "max"; it must be one of mean, first'):
        read_transformer(bert, "max")
    for pieces in (3, 49, 8.0):
        with pytest.raises(TransformerError, match="4 at least, and 48 at most"):
            read_transformer(bert, max_pieces=pieces)  # type: ignore[arg-type]


def test_bad_ids(bert: Path, roberta: Path) -> None:
    transformer = read_transformer(bert)
    with pytest.raises(PieceIdsError, match=r"shape \(2, 3\)"):
        transformer(torch.ones(2, 3, dtype=torch.long))
    with pytest.raises(PieceIdsError, match="another tokenizer made them"):
        transformer(read_transformer(roberta).ids([PLAIN]))
    with pytest.raises(EmptyWordError, match="Sentence 1, token 1"):
        transformer.ids([["a"], ["b", ""]])
    with pytest.raises(TypeError, match="Sentence 0, token 0 is 3"):
        transformer.ids([[3]])  # type: ignore[list-item]


def test_gradients_reach_what_is_trained(bert: Path) -> None:
    for pooling in ("mean", "first"):
        transformer = read_transformer(bert, pooling, max_pieces=8).requires_grad_(True)
        transformer(transformer.ids([PLAIN, ["the"]])).layers[:, -1].square().sum().backward()
        without = [name for name, weight in transformer.named_parameters() if weight.grad is None]
        assert without == []


def test_half_precision(bert: Path) -> None:
    transformer, half = read_transformer(bert), read_transformer(bert).to(torch.bfloat16)
    ids = transformer.ids([PLAIN])
    with torch.no_grad():
        exact, rounded = transformer(ids).layers, half(ids).layers
        with torch.autocast("cpu"):
            under_autocast = transformer(ids).layers
    assert (half.dtype, rounded.dtype, under_autocast.dtype) == (torch.bfloat16, torch.float32, torch.float32)
    for close in (rounded, under_autocast):
        assert 0 < (close - exact).norm() / exact.norm() < 0.05


def test_the_digest_is_of_what_the_layers_depend_on(bert: Path, tmp_path: Path) -> None:
    first = read_transformer(bert)
    first.save(tmp_path / "copy")
    assert bilm_digest(read_transformer(tmp_path / "copy")) == bilm_digest(first)
    others = [
        read_transformer(bert, "first"),
        read_transformer(bert, hidden_states=[0, 1]),
        read_transformer(bert, max_pieces=20),
        read_transformer(bert).to(torch.bfloat16),
        read_transformer(write_bert(tmp_path / "other", seed=2)),
    ]
    assert len({bilm_digest(transformer) for transformer in [first, *others]}) == 6


def test_loading_changes_no_random_numbers(bert: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    transformer = read_transformer(bert)
    assert torch.equal(torch.rand(3), expected)
    assert not transformer.training
    assert not any(weight.requires_grad for weight in transformer.parameters())


SIZES = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 8}
KINDS: dict[str, dict[str, Any]] = {
    "albert": {**SIZES, "embedding_size": 4},
    "deberta-v2": {**SIZES, "max_position_embeddings": 20, "relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
    "distilbert": {"dim": 8, "n_layers": 2, "n_heads": 2, "hidden_dim": 8, "max_position_embeddings": 20},
    "electra": {**SIZES, "embedding_size": 4},
    "gpt2": {"n_embd": 8, "n_layer": 2, "n_head": 2, "n_positions": 20},
    "mpnet": SIZES,
    "xlnet": {"d_model": 8, "n_layer": 2, "n_head": 2, "d_inner": 8},
}


@pytest.mark.parametrize("kind", KINDS)
def test_transformers_of_other_kinds(kind: str, bert: Path) -> None:
    """With BERT's tokenizer, which knows nothing of them."""
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(bert)
    model = AutoModel.from_config(AutoConfig.for_model(kind, vocab_size=len(tokenizer), **KINDS[kind])).eval()
    transformer = Transformer(model, tokenizer).eval()
    # All that there are positions for, but for those of no window; and more, which takes several.
    for tokens in (4, 60):
        sentences = [["the", "cats"], (PLAIN * 6)[:tokens]]
        with torch.no_grad():
            layers, mask = transformer(transformer.ids(sentences))
        assert layers.shape == (2, 3, tokens, 8)
        assert layers.isfinite().all()
        assert mask.sum() == 2 + tokens
        encoded = tokenizer(sentences[0], is_split_into_words=True, return_tensors="pt")
        del encoded["token_type_ids"]
        with torch.no_grad():
            states = model(**encoded, output_hidden_states=True).hidden_states
        # Shape: (layers, dim), of the one piece of "the".
        torch.testing.assert_close(layers[0, :, 0], torch.cat(states)[:, 1], rtol=1e-4, atol=1e-5)


# The cache


def test_the_cache_gives_the_same_whatever_the_padding(bert: Path, tmp_path: Path) -> None:
    transformer = read_transformer(bert)
    cached = CachedBiLM(transformer, tmp_path, dtype="float32")
    ids = transformer.ids(SENTENCES)
    first = cached(ids)
    with torch.no_grad():
        torch.testing.assert_close(first.layers, transformer(ids).layers)
    assert (cached.counts.hits, cached.counts.misses) == (0, 4)
    # Less padding and more, in both dimensions.
    for row, sentence in enumerate(SENTENCES):
        alone = cached(torch.nn.functional.pad(transformer.ids([sentence]), (0, 3, 0, 2)))
        assert torch.equal(alone.layers[0, :, : len(sentence)], first.layers[row, :, : len(sentence)])
    assert (cached.counts.hits, cached.counts.misses) == (4, 4)


def test_keys_tell_words_apart_that_have_the_same_pieces(bert: Path) -> None:
    transformer = read_transformer(bert)
    ids = [[[7, 8, 9]], [[7, 8, 0], [9, 0, 0]], [[7, 0, 0], [8, 9, 0]], [[7, 8, 70_000]], [[7, 8, 9], [9, 0, 0]]]
    keys = {transformer.sentence_key(torch.tensor(sentence).numpy()) for sentence in ids}
    assert len(keys) == len(ids)


def test_the_cache_is_filled(bert: Path, tmp_path: Path) -> None:
    transformer = read_transformer(bert)
    cached = CachedBiLM(transformer, tmp_path, dtype="float32")
    assert sum(cached.fill(transformer.ids([sentence])[0] for sentence in SENTENCES)) == len(SENTENCES)
    with torch.no_grad():
        expected = transformer(transformer.ids(SENTENCES)).layers
    torch.testing.assert_close(cached(transformer.ids(SENTENCES)).layers, expected, rtol=1e-4, atol=1e-5)
    assert (cached.counts.hits, cached.counts.misses) == (4, 4)


def test_padded_ids() -> None:
    padded = pad_ids([torch.tensor([[1, 2]]), torch.tensor([[3], [4]])])
    assert padded.tolist() == [[[1, 2], [0, 0]], [[3, 0], [4, 0]]]


def test_an_untrained_one_has_the_shape_and_nothing_else(bert: Path) -> None:
    transformer = read_transformer(bert, "first", hidden_states=[0, 2])
    state = torch.random.get_rng_state()
    untrained, again = transformer.untrained(1), transformer.untrained(1)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert untrained.identity() == transformer.identity()
    ids = transformer.ids([PLAIN])
    layers = [one(ids).layers for one in (transformer, untrained, again)]
    assert layers[0].shape == layers[1].shape
    assert torch.equal(layers[1], layers[2])
    assert (layers[0] - layers[1]).abs().amax() > 0.1

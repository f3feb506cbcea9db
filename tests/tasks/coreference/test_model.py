from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance, Token
from allennlp.models import load_archive
from torch import Tensor
from torch.nn import functional as F

from elmo_tasks.tasks.coreference.windows import read_windows
from task_setup import TaskSetup

Config = Callable[..., Params]
PLACES = [None, "input", "output", "both"]
FIXTURES = Path(__file__).parents[3] / "fixtures" / "coreference"
STILL = {"model.input_dropout": 0.0, "model.dropout": 0.0}


def document(*sentences: str) -> tuple[list[list[Token]], list[list[tuple[int, int]]]]:
    """Of words, with clusters that have no mention."""
    return [[Token(word) for word in sentence.split()] for sentence in sentences], []


LONG = document(*["Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch " * 20] * 5)
SHORT = document("Yes")


def about(instance: Instance) -> dict[str, Any]:
    field: Any = instance["metadata"]
    return dict(field.metadata)


def by_hand(setup: TaskSetup, instance: Instance) -> tuple[list[tuple[int, int]], Tensor, Tensor]:
    """A document's kept spans, each one's scores with none and with each earlier one, and the loss; pair by pair."""
    model: Any = setup.model
    of_document, tensors = about(instance), setup.tensors([instance])
    encoded, inputs = [], []
    for number, sentence in enumerate(of_document["sentences"]):
        text = {
            name: {key: tensor[0, number : number + 1, : len(sentence)] for key, tensor in of_indexer.items()}
            for name, of_indexer in tensors["sentences"].items()
        }
        (embedded,) = model.embed(text)
        there = [part for part in (embedded.words, embedded.elmo) if part is not None]
        inputs.append(torch.cat(there, dim=-1)[0])
        states = model.encoder(inputs[-1][None], torch.ones(1, len(sentence), dtype=torch.bool))[0]
        at_output = [] if embedded.output_elmo is None else [embedded.output_elmo[0]]
        encoded.append(torch.cat([states, *at_output], dim=-1))
    lengths = [len(sentence) for sentence in of_document["sentences"]]
    states, vectors = torch.cat(encoded), torch.cat(inputs)
    speakers = [name for sentence in of_document["speakers"] for name in sentence]
    attention = model.span_vectors.head_scores(states)[:, 0]
    spans: dict[tuple[int, int], Tensor] = {}
    before = 0
    for length in lengths:
        for start in range(before, before + length):
            for end in range(start + 1, min(start + 4, before + length) + 1):
                head = attention[start:end].softmax(dim=0) @ vectors[start:end]
                width = model.span_vectors.widths.weight[end - start - 1]
                spans[start, end] = torch.cat([states[start], states[end - 1], head, width])
        before += length
    mentions = {span: model.mention_scores(model.mention_layer(vector))[0] for span, vector in spans.items()}
    kept: list[tuple[int, int]] = []
    for span in sorted(spans, key=lambda one: -float(mentions[one])):
        crossing = any(a < span[0] < b < span[1] or span[0] < a < span[1] < b for a, b in kept)
        if len(kept) < int(0.8 * before) and not crossing:
            kept.append(span)
    kept.sort()
    scores = torch.full((len(kept), len(kept) + 1), float("-inf"))
    scores[:, 0] = 0
    genre = model.vocab.get_token_index(of_document["name"][:2], "genre_labels")
    for i, span in enumerate(kept):
        for j in range(max(i - 4, 0), i):
            other = kept[j]
            features = [model.distances.weight[[0, 1, 2, 3][i - j - 1]]]
            features.append(model.same_speaker.weight[int(speakers[span[0]] == speakers[other[0]])])
            features.append(model.genres.weight[genre])
            pair = [spans[span], spans[other], spans[span] * spans[other], *features]
            of_pair = model.pair_scores.rest(model.pair_scores.first(torch.cat(pair)))[0]
            scores[i, j + 1] = mentions[span] + mentions[other] + of_pair
    clusters = [set(map(tuple, cluster)) for cluster in of_document["clusters"]]
    loss = torch.zeros(())
    for i, span in enumerate(kept):
        right = [j + 1 for j in range(max(i - 4, 0), i) if any({span, kept[j]} <= cluster for cluster in clusters)]
        loss = loss - scores[i].log_softmax(dim=0)[right or [0]].logsumexp(dim=0)
    for span, score in mentions.items():
        is_mention = float(any(span in cluster for cluster in clusters))
        loss = loss + 0.5 * F.binary_cross_entropy_with_logits(score, torch.tensor(is_mention))
    return kept, scores, loss


@torch.no_grad()
@pytest.mark.parametrize("elmo", PLACES)
def test_is_what_is_said(config: Config, elmo: str | None) -> None:
    setup = TaskSetup(config(elmo))
    setup.model.eval()
    output = setup.run(setup.instances)
    losses = []
    for number, instance in enumerate(setup.instances):
        kept, scores, loss = by_hand(setup, instance)
        losses.append(loss)
        assert output["spans"][number] == kept
        assert output["antecedents"][number] == (scores.argmax(dim=1) - 1).tolist()
    torch.testing.assert_close(output["loss"], torch.stack(losses).mean())


@torch.no_grad()
def test_a_batch_is_scored_at_once(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """In distributed training each call of the metric waits for one of each other process."""
    setup = TaskSetup(config())
    shares: list[list[object]] = []
    monkeypatch.setattr("elmo_tasks.tasks.coreference.metric.gathered", lambda share: shares.append(share) or [share])
    setup.run(setup.instances)
    setup.run(setup.instances[:1])
    assert [len(share) for share in shares] == [3, 1]


@torch.no_grad()
def test_clusters_are_what_antecedents_join(config: Config) -> None:
    setup = TaskSetup(config())
    setup.model.eval()
    for bias in (-1.0, 0.5, 3.0):
        setup.model.pair_scores.rest[-1].bias.fill_(bias)
        output = setup.run(setup.instances)
        for spans, antecedents, clusters in zip(
            output["spans"], output["antecedents"], output["clusters"], strict=True
        ):
            groups = [{span} for span in spans]
            for number, antecedent in enumerate(antecedents):
                if antecedent >= 0:
                    assert antecedent < number
                    groups[antecedent] |= groups[number]
                    for place, group in enumerate(groups):
                        if group & groups[antecedent]:
                            groups[place] = groups[antecedent]
            expected = sorted({tuple(sorted(group)) for group in groups if len(group) > 1})
            assert [tuple(cluster) for cluster in clusters] == expected
    assert any(output["clusters"])


@torch.no_grad()
@pytest.mark.parametrize("elmo", PLACES)
@pytest.mark.parametrize("coarse", [False, True])
def test_batch_mates_and_padding_change_nothing(config: Config, elmo: str | None, coarse: bool) -> None:
    setup = TaskSetup(config(elmo, coarse_to_fine=coarse))
    setup.model.eval()
    mates = [setup.instance(*given) for given in (LONG, SHORT)]
    alone = [setup.run([instance]) for instance in setup.instances]
    for before, after in (([], []), (mates, []), ([], mates[:1]), (mates[1:], mates)):
        together = setup.run([*before, *setup.instances, *after])
        for number, one in enumerate(alone):
            for name in ("clusters", "spans", "antecedents"):
                assert together[name][len(before) + number] == one[name][0]
    losses = torch.stack([one["loss"] for one in alone])
    torch.testing.assert_close(setup.run(setup.instances)["loss"], losses.mean())


@pytest.mark.parametrize("elmo", PLACES)
def test_trains_saves_loads_and_predicts_the_same(config: Config, elmo: str | None, tmp_path: Path) -> None:
    model = train_model(config(elmo), str(tmp_path / "run"))
    assert model is not None
    archive = load_archive(tmp_path / "run")
    instances = list(archive.validation_dataset_reader.read(archive.config["validation_data_path"]))
    before, after = (m.eval().forward_on_instances(instances) for m in (model, archive.model))
    assert before == after
    assert len(before) == 3


@pytest.mark.parametrize("coarse", [False, True])
def test_trains_in_mixed_precision(config: Config, coarse: bool) -> None:
    # All spans are kept, so that rounding does not choose others.
    everything = {"model.spans_per_token": 1, "model.max_span_width": 1, "model.max_antecedents": 50}
    TaskSetup(config("both", {**STILL, **everything}, coarse_to_fine=coarse)).check_mixed_precision()


@pytest.mark.parametrize("elmo", [None, "both"])
def test_can_be_copied_pickled_and_saved_whole(config: Config, elmo: str | None) -> None:
    TaskSetup(config(elmo)).check_copies()


@pytest.mark.parametrize("elmo", PLACES)
def test_gradients_reach_every_parameter_and_none_of_the_bilm(config: Config, elmo: str | None) -> None:
    TaskSetup(config(elmo, STILL, coarse_to_fine=True)).check_gradients(elmo)


@pytest.mark.parametrize("elmo", PLACES)
def test_the_bilm_reads_each_sentence_once(config: Config, elmo: str | None, bilm_runs: list[int]) -> None:
    setup = TaskSetup(config(elmo))
    setup.run(setup.instances)
    setup.run(setup.instances[:1])
    assert bilm_runs == ([6, 3] if elmo else [])


def test_sentences_do_not_see_one_another(config: Config) -> None:
    setup = TaskSetup(config("both"))
    setup.model.eval()
    seen = []
    for last in ("Bo left .", "They do not know where she went ."):
        instance = setup.instance(*document("Ada found a cat .", last))
        encoded, inputs = setup.model._tokens(read_windows(setup.tensors([instance])["sentences"], None)[0])
        seen.append((encoded[:5], inputs[:5]))
    for one, other in zip(*seen, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("elmo", [None, "both"])
def test_learns_the_fixtures(config: Config, elmo: str | None) -> None:
    overrides = {**STILL, "train_data_path": str(FIXTURES / "train.gold_conll"), "dataset_reader.max_instances": 5}
    overrides |= {"model.hidden_dim": 40, "model.encoder.hidden_size": 24, "model.feature_dim": 10}
    overrides |= {"model.text_field_embedder.token_embedders.tokens.embedding_dim": 24, "model.max_antecedents": 20}
    setup = TaskSetup(config(elmo, overrides))
    setup.train(160, lr=0.01)
    setup.run(setup.instances)
    metrics = setup.model.get_metrics(reset=True)
    assert len(metrics) == 2 + 9
    assert set(metrics.values()) == {1.0}


def test_of_a_long_document_training_reads_a_window(config: Config) -> None:
    setup = TaskSetup(config("both", {"model.max_training_sentences": 2}))
    (instance,) = setup.instances[:1]
    tensors = setup.tensors([instance])
    starts = set()
    for _ in range(20):
        output = setup.model(**tensors)
        first = min(start for start, _ in output["spans"][0])
        last = max(end for _, end in output["spans"][0])
        # The sentences have 5, 6 and 5 tokens.
        starts.add(first < 5)
        assert (first >= 0 and last <= 11) or (first >= 5 and last <= 16)
    assert starts == {True, False}
    setup.model.eval()
    assert setup.model(**tensors)["loss"] == setup.model(**tensors)["loss"]
    assert max(end for _, end in setup.model(**tensors)["spans"][0]) > 11


@torch.no_grad()
def test_a_window_is_scored_as_a_document_of_its_own(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    setup = TaskSetup(config("both"))
    setup.model.eval()
    whole = about(setup.instances[0])
    part = setup.reader.text_to_instance(
        [[Token(word) for word in sentence] for sentence in whole["sentences"][1:]],
        [[(0, 1), (3, 4)], [(2, 3), (6, 8)], [(3, 5), (9, 10)]],
        whole["speakers"][1:],
        "st",
        whole["name"],
    )
    setup.reader.apply_token_indexers(part)
    expected = setup.run([part])
    scores = setup.model.get_metrics(reset=True)
    monkeypatch.setattr("elmo_tasks.tasks.coreference.windows.read_part", lambda sentences, most: (1, sentences))
    output = setup.run(setup.instances[:1])
    torch.testing.assert_close(output["loss"], expected["loss"])
    assert output["spans"] == [[(start + 5, end + 5) for start, end in expected["spans"][0]]]
    assert setup.model.get_metrics(reset=True) == scores


@torch.no_grad()
def test_a_mention_whose_others_lie_outside_the_window_is_one(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a window of the second sentence, "She" and "it" are mentions with nothing before them."""
    setup = TaskSetup(config(None, {"model.mention_loss": 0.5}))
    setup.model.eval()
    sentences, _ = document("Ada found a cat .", "She fed it .")
    instance = setup.instance(sentences, [[(0, 1), (5, 6)], [(2, 4), (7, 8)]])
    alone = setup.instance(sentences[1:], [[(0, 1)], [(2, 3)]])
    expected = setup.run([alone])["loss"]
    monkeypatch.setattr("elmo_tasks.tasks.coreference.windows.read_part", lambda sentences, most: (1, 2))
    setup.model.get_metrics(reset=True)
    torch.testing.assert_close(setup.run([instance])["loss"], expected)
    # Nothing is to be found there.
    assert setup.model.get_metrics(reset=True)["mention-recall"] == 0


@torch.no_grad()
def test_a_window_is_not_padded_to_what_is_outside(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    setup = TaskSetup(config(None))
    setup.model.eval()
    read = []
    embed = setup.model.embed
    monkeypatch.setattr(setup.model, "embed", lambda text: read.append(text["tokens"]["tokens"].shape) or embed(text))
    monkeypatch.setattr("elmo_tasks.tasks.coreference.windows.read_part", lambda sentences, most: (1, 3))
    setup.run([setup.instance(*document("a " * 40, "Ada left .", "Yes"))])
    assert read == [(2, 3)]


@torch.no_grad()
def test_speakers_and_genres_are_known_where_wanted(config: Config) -> None:
    for known in (True, False):
        setup = TaskSetup(config(None, {"model.use_speakers": known, "model.use_genres": known}))
        setup.model.eval()
        losses = []
        for speakers, genre in ((["A", "B"], "di"), (["A", "A"], "di"), (["A", "B"], "st"), (["A", "B"], None)):
            sentences = [[Token(word) for word in ("I", "saw", "her", ".")]] * 2
            instance = setup.instance(sentences, [[(0, 1), (4, 5)]], [[name] * 4 for name in speakers], genre)
            losses.append(setup.run([instance])["loss"].item())
        assert len(set(losses)) == (4 if known else 1)


@torch.no_grad()
def test_a_genre_that_is_not_known_is_the_mean_of_the_others(config: Config) -> None:
    setup = TaskSetup(config(None, STILL))
    sentences, clusters = document("I saw her .", "She left .")[0], [[(2, 3), (4, 5)]]

    def loss(genre: str | None) -> Tensor:
        return setup.run([setup.instance(sentences, clusters, None, genre)])["loss"]

    # Also one that the vocabulary has got since the model was made.
    setup.model.vocab.add_token_to_namespace("new", "genre_labels")
    none, strange, new = (loss(genre) for genre in (None, "xx", "new"))
    assert none == strange == new != loss("di")
    genres = setup.model.genres.weight
    assert len(genres) == len(setup.model.vocab.get_token_to_index_vocabulary("genre_labels")) - 1
    genres.copy_(genres.mean(dim=0).expand_as(genres))
    torch.testing.assert_close(loss("di"), none)


def test_earlier_versions_weights_have_a_vector_more_of_genres(config: Config) -> None:
    setup, other = TaskSetup(config(None)), TaskSetup(config(None))
    weights = setup.model.state_dict()
    del weights["genres.trained"]
    genres = weights["genres.weight"]
    other.model.load_state_dict({**weights, "genres.weight": torch.cat([torch.ones(1, genres.shape[1]), genres])})
    torch.testing.assert_close(other.model.genres.weight.data, genres)


def test_coarse_scores_are_added_and_choose_the_antecedents(config: Config) -> None:
    setup = TaskSetup(config(None, STILL, coarse_to_fine=True))
    all_of_them = TaskSetup(config(None, {**STILL, "model.max_antecedents": 100}, coarse_to_fine=True))
    all_of_them.model.load_state_dict(setup.model.state_dict())
    fine = TaskSetup(config(None, {**STILL, "model.max_antecedents": 100}))
    fine.model.load_state_dict(setup.model.state_dict(), strict=False)
    with torch.no_grad():
        one, other = (s.run(s.instances)["loss"] for s in (all_of_them, fine))
        assert one != other
        all_of_them.model.coarse_scores.weight.zero_()
        torch.testing.assert_close(all_of_them.run(setup.instances)["loss"], other)
    assert setup.run(setup.instances)["loss"] != one


def test_a_document_that_needs_too_much_memory_is_refused_before(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = TaskSetup(config(None, {"model.memory_limit": 0.0001}))
    monkeypatch.setattr(setup.model, "embed", None)
    message = (
        r"A document of 16 tokens has 46 spans, of which 12 are kept and compared with up to 4 others each\. That "
        r"needs about 0\.\d GB, more than memory_limit \(0\.0001\): lower the model's max_training_sentences, or "
    )
    with pytest.raises(ConfigurationError, match=message):
        setup.run(setup.instances[:1])


@torch.no_grad()
@pytest.mark.parametrize("elmo", [None, "both"])
def test_a_long_sentence_does_not_have_the_others_padded(
    config: Config, elmo: str | None, bilm_runs: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = TaskSetup(config(elmo))
    setup.model.eval()
    instances = [
        setup.instance(*document(*sentences)) for sentences in (["Yes .", "a " * 40, "Ada left", "No"], ["Oh"])
    ]
    at_once = setup.run(instances)
    read = []
    embed = setup.model.embed
    monkeypatch.setattr(setup.model, "embed", lambda text: read.append(text["tokens"]["tokens"].shape) or embed(text))
    monkeypatch.setattr("elmo_tasks.tasks.coreference.grouping.TOKENS_AT_ONCE", 5)
    bilm_runs.clear()
    in_parts = setup.run(instances)
    assert read == [(1, 40), (2, 2), (2, 1)]
    assert bilm_runs == ([1, 2, 2] if elmo else [])
    torch.testing.assert_close(in_parts["loss"], at_once["loss"])
    assert [in_parts[name] for name in ("spans", "antecedents")] == [at_once[name] for name in ("spans", "antecedents")]


def test_without_gold_clusters_there_is_no_loss(config: Config) -> None:
    setup = TaskSetup(config())
    sentences, _ = document("Ada found a cat .", "She fed it .")
    output = setup.run([setup.instance(sentences)])
    assert set(output) == {"clusters", "spans", "antecedents"}
    assert setup.model.get_metrics(reset=True)["mention-recall"] == 0


def test_a_document_of_a_word_can_be_trained_on(config: Config) -> None:
    setup = TaskSetup(config("both", {"model.mention_loss": 0.0}))
    loss = setup.run([setup.instance(*SHORT)])["loss"]
    loss.backward()
    assert loss == 0


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"model.encoder.input_size": 12}, r"input of encoder has vectors of length 5, .* says 12: leave"),
        ({"model.max_span_width": 0}, "max_span_width is 0"),
        ({"model.max_antecedents": 0}, "max_antecedents is 0"),
        ({"model.spans_per_token": -1}, "spans_per_token is -1"),
        ({"model.spans_per_token": 5}, r"spans_per_token is 5; it must be a number, 0 to 4"),
        ({"model.max_training_sentences": 0}, "max_training_sentences is 0; .* or null"),
        ({"model.dropout": 2}, "dropout is 2"),
        ({"model.memory_limit": -1}, "memory_limit is -1"),
        ({"dataset_reader.genre_pattern": None}, "use_genres needs the reader's genre_pattern"),
        ({"dataset_reader.genre_pattern": "(never)"}, "use_genres needs .* training documents to which it fits"),
    ],
)
def test_parameters_are_checked(config: Config, overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        TaskSetup(config(None, overrides))


def test_elmo_needs_its_indexer(config: Config) -> None:
    params = config("output").as_dict()
    del params["dataset_reader"]["token_indexers"]["elmo"]
    setup = TaskSetup(Params(params))
    with pytest.raises(ConfigurationError, match=r'indexer named "elmo".*there is only: tokens'):
        setup.run(setup.instances)


def test_an_override_moves_elmo(config: Config) -> None:
    dims = {}
    for place in ("input", "output", "both"):
        model = TaskSetup(config("input", {"model.elmo.place": place})).model
        dims[place] = model.span_vectors.get_output_dim()
    # Ends with a biLSTM's 8, a head with the words' 5, ELMo's 6 at each end or in the head, and the width's 3.
    assert dims == {"input": 16 + 11 + 3, "output": 28 + 5 + 3, "both": 28 + 11 + 3}

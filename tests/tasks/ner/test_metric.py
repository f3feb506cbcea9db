from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from allennlp.data import Vocabulary
from allennlp.training.metrics import Metric, SpanBasedF1Measure
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import accuracy_score, classification_report

from elmo_tasks.tasks.base.schemes import convert
from elmo_tasks.tasks.ner.metric import ConllEval

TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-C-level", "I-C-level"]
sentence = st.lists(st.tuples(st.sampled_from(TAGS), st.sampled_from(TAGS)), min_size=1, max_size=10)


@given(st.lists(sentence, min_size=1, max_size=6), st.booleans())
def test_agrees_with_seqeval(sentences: list[list[tuple[str, str]]], well_formed: bool) -> None:
    predicted = [[tag for tag, _ in pairs] for pairs in sentences]
    gold = [[tag for _, tag in pairs] for pairs in sentences]
    if well_formed:
        predicted, gold = ([convert(tags, "BIO") for tags in side] for side in (predicted, gold))
    metric = ConllEval()
    # In two batches.
    metric(predicted[:2], gold[:2])
    metric(predicted[2:], gold[2:])
    ours = metric.get_metric(reset=True)

    assert ours.pop("accuracy") == pytest.approx(accuracy_score(gold, predicted))
    theirs = (
        classification_report(gold, predicted, output_dict=True, zero_division=0) if has_spans(gold + predicted) else {}
    )
    # seqeval leaves out the types that are only predicted; they count in its averages.
    theirs["overall"] = theirs.pop("micro avg", {"precision": 0, "recall": 0, "f1-score": 0})
    for name, theirs_of_type in theirs.items():
        if f"recall-{name}" in ours:
            assert ours[f"precision-{name}"] == pytest.approx(theirs_of_type["precision"])
            assert ours[f"recall-{name}"] == pytest.approx(theirs_of_type["recall"])
            assert ours[f"f1-measure-{name}"] == pytest.approx(theirs_of_type["f1-score"])
        else:
            assert name in ("macro avg", "weighted avg")


def has_spans(sentences: list[list[str]]) -> bool:
    return any(tag != "O" for tags in sentences for tag in tags)


def test_has_the_names_and_figures_of_allennlp_metric() -> None:
    gold = [["B-PER", "I-PER", "O", "B-LOC"], ["O", "B-LOC", "I-LOC", "O"]]
    predicted = [["B-PER", "I-PER", "O", "B-PER"], ["O", "B-LOC", "O", "B-LOC"]]
    vocab = Vocabulary()
    vocab.add_tokens_to_namespace(TAGS, "labels")
    index = vocab.get_token_to_index_vocabulary("labels")
    stock = SpanBasedF1Measure(vocab, "labels")
    one_hot = torch.nn.functional.one_hot(torch.tensor([[index[tag] for tag in tags] for tags in predicted]), len(TAGS))
    stock(one_hot.float(), torch.tensor([[index[tag] for tag in tags] for tags in gold]))
    metric = ConllEval()
    metric(predicted, gold)
    ours = metric.get_metric()
    assert ours.pop("accuracy") == 5 / 8
    assert ours == pytest.approx(stock.get_metric())
    assert ours["f1-measure-overall"] == pytest.approx(2 * (1 / 4) * (1 / 3) / (1 / 4 + 1 / 3))


def test_nothing_to_score_is_zero_and_not_an_error() -> None:
    metric = ConllEval()
    expected = {"accuracy": 0.0, "precision-overall": 0.0, "recall-overall": 0.0, "f1-measure-overall": 0.0}
    assert metric.get_metric() == expected
    metric([[]], [[]])
    assert metric.get_metric() == expected


def test_reset_forgets() -> None:
    metric = ConllEval()
    metric([["B-PER"]], [["B-PER"]])
    assert metric.get_metric(reset=True)["f1-measure-PER"] == 1
    assert "f1-measure-PER" not in metric.get_metric()


def test_without_spans_there_is_only_accuracy() -> None:
    metric = Metric.by_name("elmo_conlleval")(spans=False)
    metric([["NN", "VB"]], [["NN", "NN"]])
    assert metric.get_metric() == {"accuracy": 0.5}


def score_in_worker(rank: int, meeting_point: str, shares: Any, expected: dict[str, float]) -> None:
    dist.init_process_group("gloo", init_method=f"file://{meeting_point}", world_size=len(shares), rank=rank)
    metric = ConllEval()
    for predicted, gold in shares[rank]:
        metric([predicted], [gold])
    assert metric.get_metric() == expected


def test_workers_add_up(tmp_path: Path) -> None:
    pairs = [(["B-PER", "O"], ["B-PER", "O"]), (["O", "O"], ["B-LOC", "O"]), (["B-LOC"], ["B-PER"]), (["O"], ["O"])]
    metric = ConllEval()
    metric(*zip(*pairs, strict=True))
    arguments = (str(tmp_path / "meeting"), (pairs[:2], pairs[2:]), metric.get_metric())
    torch.multiprocessing.start_processes(score_in_worker, arguments, nprocs=2, start_method="fork")

import pytest

from elmo_tasks.mixes import TrainedMix, layer_names, mean_mix


def mix(weights: list[float] | None, gamma: float = 1.0, layer: str | int | None = None) -> TrainedMix:
    return TrainedMix("input", "elmo.input._scalar_mix", weights, gamma, layer, trained=True)


def test_names_of_layers() -> None:
    assert layer_names(3) == ["token layer", "biLSTM layer 1", "biLSTM layer 2"]
    assert layer_names(0) == []


def test_mean_over_seeds() -> None:
    mean = mean_mix([mix([0.2, 0.8], 1.0), mix([0.4, 0.6], 2.0)])
    assert mean.weights == pytest.approx([0.3, 0.7])
    assert mean.gamma == 1.5
    assert mean.place == "input"
    fixed = [mix(None, gamma, "last") for gamma in (1.0, 3.0)]
    assert mean_mix(fixed) == mix(None, 2.0, "last")


def test_in_words() -> None:
    assert str(mix([0.25, 0.75], 1.5)) == "token layer 0.25, biLSTM layer 1 0.75; gamma 1.50"
    assert str(mix(None, layer="last")) == "last layer only, fixed; gamma 1.00"


def test_notes() -> None:
    assert mix([0.25, 0.75]).note == ""
    assert mix([0.25, 0.75])._replace(trained=False).note == "not trained"
    assert [mix(None, layer=layer).note for layer in ("last", 1, None)] == [
        "last layer only, fixed",
        "layer 1 only, fixed",
        "one fixed layer",
    ]

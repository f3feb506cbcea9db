from elmo_tasks.mixes import TrainedMix
from elmo_tasks.mixes.table import markdown_table, mix_table


def test_a_row_a_place() -> None:
    mixes = [TrainedMix("input", "", [0.25, 0.75], 1.5, None, True), TrainedMix("output", "", None, 0.5, 1, True)]
    header, rows = mix_table(mixes)
    assert header == ["place", "token layer", "biLSTM layer 1", "gamma"]
    assert rows == [["input", "0.250", "0.750", "1.500"], ["output", "-", "-", "0.500"]]


def test_the_table() -> None:
    mixes = [
        ("ner", TrainedMix("input", "", [0.25, 0.75], 1.5, None, True)),
        ("squad", TrainedMix("output", "", None, 0.5, 1, True)),
        ("srl", TrainedMix("input", "", [0.5, 0.5], 1.0, None, False)),
    ]
    assert markdown_table(mixes).splitlines() == [
        "| model | place  | token layer | biLSTM layer 1 | gamma |                     |",
        "| ----- | ------ | ----------: | -------------: | ----: | ------------------- |",
        "| ner   | input  |       0.250 |          0.750 | 1.500 |                     |",
        "| squad | output |           - |              - | 0.500 | layer 1 only, fixed |",
        "| srl   | input  |       0.500 |          0.500 | 1.000 | not trained         |",
    ]
    assert markdown_table(mixes[:1]).splitlines()[0] == "| model | place | token layer | biLSTM layer 1 | gamma |"
    assert markdown_table(mixes[1:2]).splitlines()[2] == "| squad | output | 0.500 | layer 1 only, fixed |"


def test_layers_of_a_transformer_have_numbers() -> None:
    mixes = [
        TrainedMix("input", "", [0.25, 0.75], 1.5, None, True),
        TrainedMix("output", "", [0.5, 0.25, 0.25], 1.0, None, True, transformer=True),
    ]
    header, rows = mix_table(mixes)
    assert header == ["place", "layer 0", "layer 1", "layer 2", "gamma"]
    assert rows[0] == ["input", "0.250", "0.750", "-", "1.500"]
    assert str(mixes[1]) == "layer 0 0.50, layer 1 0.25, layer 2 0.25; gamma 1.00"

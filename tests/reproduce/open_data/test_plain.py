"""What is copied, or nearly so."""

from pathlib import Path

from elmo_tasks.reproduce.open_data.plain import copy, minimal_pairs


def test_lines_end_in_a_line_feed(tmp_path: Path) -> None:
    path = tmp_path / "original"
    path.write_bytes("a\u0085b  \r\nc".encode())
    assert "".join(copy([path])) == "a\u0085b  \nc\n"


def test_minimal_pairs(tmp_path: Path) -> None:
    paths = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for path in paths:
        path.write_text(
            '{"sentence_good": "G\\u00e9.", "sentence_bad": "B.", "field": "syntax", "linguistics_term": "t", "UID": "'
            f'{path.stem}"}}\n'
        )
    assert list(minimal_pairs(paths)) == [
        '{"sentence_good": "G\\u00e9.", "sentence_bad": "B.", "UID": "a", "linguistics_term": "t"}\n',
        '{"sentence_good": "G\\u00e9.", "sentence_bad": "B.", "UID": "b", "linguistics_term": "t"}\n',
    ]

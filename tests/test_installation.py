import sys
from importlib.metadata import PackageNotFoundError

import pytest

from elmo_tasks import installation
from elmo_tasks.commands import COMMANDS
from elmo_tasks.installation import Check, all_checks, registered_classes


def check_named(name: str) -> Check:
    (check,) = (check for check in all_checks(COMMANDS) if check.name == name)
    return check


def test_all_is_well_here() -> None:
    for check in all_checks(COMMANDS):
        assert check.look(), check.name


def test_every_name_is_one_that_others_leave_free() -> None:
    found = registered_classes()
    assert ("Model", "elmo_crf_tagger") in found
    assert ("TokenEmbedder", "elmo") in found
    assert {name for base, name in found if base == "Subcommand"} == set(COMMANDS)
    # The other one stands in the place of AllenNLP's.
    assert {name for _, name in found if not name.startswith("elmo")} == {"from_archive"}


def test_each_task_is_looked_at() -> None:
    names = {check.name for check in all_checks(COMMANDS)}
    assert {f"registered by elmo_tasks.tasks.{task}" for task in ("ner", "snli", "squad")} <= names
    assert "registered by elmo_tasks.tasks.base" not in names


def test_a_task_or_a_command_that_is_not_registered_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    found = registered_classes()
    kept = {key: kind for key, kind in found.items() if ".snli" not in kind.__module__ and key[1] != "elmo-words"}
    monkeypatch.setattr(installation, "registered_classes", lambda: kept)
    with pytest.raises(RuntimeError, match="nothing is registered"):
        check_named("registered by elmo_tasks.tasks.snli").look()
    with pytest.raises(RuntimeError, match="not registered: elmo-words"):
        check_named("registered commands").look()


def test_where_allennlp_is_not_well_the_registered_are_one_check(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ImportError("AllenNLP is installed but does not import")

    monkeypatch.setattr(installation, "check_allennlp", broken)
    checks = all_checks(COMMANDS)
    assert [check.name for check in checks if check.name.startswith("registered")] == ["registered"]
    for name in ("allennlp", "registered"):
        (check,) = (check for check in checks if check.name == name)
        with pytest.raises(ImportError, match="does not import"):
            check.look()


def test_a_missing_package_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr(installation, "version", version)
    with pytest.raises(RuntimeError, match="h5py is not installed"):
        check_named("h5py").look()


def test_without_packaging_versions_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "packaging.requirements", None)
    installation.check_version("transformers", "5.23.0")


def test_a_version_out_of_range_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "version", lambda package: "5.23.0")
    with pytest.raises(RuntimeError, match=r"installed is 5\.23\.0, needed is <"):
        check_named("transformers").look()


def test_a_missing_bilm_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_bilm(name: str) -> None:
        raise FileNotFoundError("no weights.hdf5")

    monkeypatch.setattr("elmo_tasks.bilm.find_bilm", find_bilm)
    check = check_named("biLM")
    assert check.remedy.startswith("the bundled biLM's files are missing or damaged")
    with pytest.raises(FileNotFoundError, match="no weights"):
        check.look()


def test_jsonnet_or_spacy_gone_wrong_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("_jsonnet.evaluate_snippet", lambda *args: "41\n")
    monkeypatch.setattr("spacy.blank", lambda language: lambda text: [])
    for name in ("configs", "tokenizer"):
        with pytest.raises(RuntimeError, match=r"41|English rules"):
            check_named(name).look()
    assert check_named("hdf5").look()

import subprocess
from pathlib import Path

import pytest

import elmo_tasks
from elmo_tasks.runner.environment import describe


def clone(folder: Path) -> str:
    """Makes a clone with a commit, and gives the commit."""
    (folder / "elmo_tasks").mkdir(parents=True)
    (folder / "elmo_tasks/__init__.py").write_text("")

    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        return subprocess.run(
            ["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True, text=True
        ).stdout.strip()

    git("init", "-q")
    git("add", "elmo_tasks")
    git("commit", "-q", "-m", "First")
    return git("rev-parse", "HEAD")


def test_the_commit_is_that_of_the_packages_own_clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = clone(tmp_path / "clone")
    package = tmp_path / "clone/elmo_tasks/__init__.py"
    monkeypatch.setattr(elmo_tasks, "__file__", str(package))
    assert describe()["commit"] == commit[:12]
    package.write_text("changed = True")
    assert describe()["commit"] == f"{commit[:12]} with changes"


def test_another_projects_clone_around_the_package_is_not_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is installed in an environment that lies in the clone."""
    clone(tmp_path)
    monkeypatch.setattr(elmo_tasks, "__file__", str(tmp_path / ".venv/site-packages/elmo_tasks/__init__.py"))
    (tmp_path / ".venv/site-packages/elmo_tasks").mkdir(parents=True)
    assert describe()["commit"] == "none"

"""What we declare in TOML is read as it is now, kept or not."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ecoperf_desktop import paths
from ecoperf_desktop.declarations import declared


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ECOPERF_DATA", str(tmp_path / "here"))
    path = tmp_path / "en" / "words.toml"
    path.parent.mkdir()
    path.write_text('one = "eins"\n[two]\nother = "zwei {n}"\n', encoding="utf-8")
    return path


def kept(path: Path) -> Path:
    return paths.cache_dir() / f"{path.parent.name}-{path.stem}.json"


def test_a_file_says_the_same_before_and_after_it_is_kept(words: Path) -> None:
    first = declared(words)
    assert kept(words).exists()
    assert declared(words) == first == {"one": "eins", "two": {"other": "zwei {n}"}}


def test_a_changed_file_is_read_again(words: Path) -> None:
    declared(words)
    words.write_text('one = "uno"\n', encoding="utf-8")
    assert declared(words) == {"one": "uno"}


def test_a_file_of_another_time_is_read_again(words: Path) -> None:
    declared(words)
    stored = json.loads(kept(words).read_text(encoding="utf-8"))
    stored["says"] = {"one": "old"}
    kept(words).write_text(json.dumps(stored), encoding="utf-8")
    assert declared(words) == {"one": "old"}
    os.utime(words, ns=(1, 1))
    assert declared(words)["one"] == "eins"


@pytest.mark.parametrize("rubbish", ["", "{", "[]", '{"stamp": 1}', "null"])
def test_a_spoilt_copy_is_replaced(words: Path, rubbish: str) -> None:
    declared(words)
    kept(words).write_text(rubbish, encoding="utf-8")
    assert declared(words)["one"] == "eins"
    assert json.loads(kept(words).read_text(encoding="utf-8"))["says"]["one"] == "eins"


def test_a_folder_that_cannot_be_written_is_no_problem(words: Path, tmp_path: Path) -> None:
    (tmp_path / "here").write_text("a file in the folder's place", encoding="utf-8")
    assert declared(words)["one"] == "eins"


def test_an_absent_file_is_told(words: Path) -> None:
    with pytest.raises(FileNotFoundError):
        declared(words.with_name("none.toml"))

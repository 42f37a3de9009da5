"""Every file of the corpora without expectations of their own: no crash, no hang, little memory, all records accounted for, words."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from corpora import BADINPUT, Outcome, Watcher, cases, taken

pytestmark = pytest.mark.skipif(not BADINPUT.is_dir(), reason="the files that break readers lie beside the checkout and are not there")
EVERY = bool(os.environ.get("CI"))
FOLDERS = ("duckdb", "frictionless", "csvlint", "messytables", "commons-csv", "clevercsv", "encodings_chardet", "pandas_cases", "blns", "generated")
_ENDED = frozenset({"loaded", "unchanged", "refused", "asked", "skipped"})
# A refusal says what to do; what it asks for differs, and one of these words is in all of them.
_NEXT_STEP = re.compile(
    r"(?i)export|download|save|import|unpack|shorten|correct|check|remove|give|name|describe|choose|sign in|add the|--set|allow more|confirm|rename|pack the"
)


def _sample(folder: str) -> list[Path]:
    every = cases(BADINPUT / folder)
    return every if EVERY else every[:: max(len(every) // 3, 1)]


@pytest.fixture(scope="module")
def outcomes() -> dict[str, list[Outcome]]:
    """Return what became of the files, each taken once by a watched process."""
    paths = {folder: _sample(folder) for folder in FOLDERS}
    made = iter(taken([path for folder in FOLDERS for path in paths[folder]]))
    return {folder: [next(made) for _ in paths[folder]] for folder in FOLDERS}


@pytest.mark.parametrize("folder", FOLDERS)
def test_c4_no_file_crashes_hangs_fills_the_memory_loses_a_record_or_changes_what_is_stored(folder: str, outcomes: dict[str, list[Outcome]]) -> None:
    ended = outcomes[folder]
    assert ended
    assert not [(one.file, one.faults) for one in ended if one.faults]
    assert {one.outcome for one in ended} <= _ENDED


@pytest.mark.parametrize("folder", FOLDERS)
def test_c4_a_refusal_says_which_file_and_what_to_do(folder: str, outcomes: dict[str, list[Outcome]]) -> None:
    wordless = [(one.file, one.message) for one in outcomes[folder] if one.outcome in ("refused", "asked") and not _NEXT_STEP.search(one.message)]
    assert not wordless


def test_c4_most_of_the_files_are_read(outcomes: dict[str, list[Outcome]]) -> None:
    """Hold that the runs above do not pass because everything is refused."""
    loaded = sum(one.outcome == "loaded" for ended in outcomes.values() for one in ended)
    records = sum(one.read for ended in outcomes.values() for one in ended)
    assert loaded * 2 > sum(map(len, outcomes.values()))
    assert records > 10 * loaded


def test_a_process_that_dies_or_hangs_is_an_outcome_and_the_next_file_is_read(tmp_path: Path) -> None:
    good = tmp_path / "good.csv"
    good.write_text("name,number\none,1\n", encoding="utf-8")
    watcher = Watcher()
    try:
        assert watcher.take(good).outcome == "loaded"
        watcher._process.kill()
        assert watcher.take(good).outcome == "crashed"
        assert watcher.take(good).outcome == "loaded"
    finally:
        watcher.close()


@pytest.mark.skipif(not EVERY, reason="a long file is taken where changes are taken in")
def test_c20_a_long_file_is_planned_and_imported_within_the_memory_that_is_allowed(tmp_path: Path) -> None:
    """Hold also that the watch sees memory at all."""
    path = tmp_path / "long.csv"
    line = "name{0},{0},a text of some length that says {0}\n"
    with path.open("w", encoding="utf-8") as stream:
        stream.write("name,number,text\n")
        stream.writelines(line.format(number) for number in range(300_000))
    watcher = Watcher()
    try:
        long = watcher.take(path)
    finally:
        watcher.close()
    assert (long.outcome, long.read, long.faults) == ("loaded", 300_000, [])
    assert long.peak > 30 * 1024 * 1024

"""The published corpus of polluted delimited files: what may be read is read, what is broken is rejected, nothing comes in wrong.

Every day a sample is read; where changes are taken in, all 2,290 files and the survey's real ones.
"""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from pollock_reader import Scores, rows

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
POLLOCK = SHARED / "badinput" / "pollock"
WHOLE = bool(os.environ.get("CI"))
EVERY = 18  # of the files with one broken row: the sample of every day

pytestmark = pytest.mark.skipif(not POLLOCK.is_dir(), reason="the polluted files are not on this machine")


@pytest.fixture(scope="module")
def polluted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("polluted")
    with tarfile.open(POLLOCK / "full_polluted_files.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "polluted_files"


def scored(folder: Path, wanted: Callable[[int, str], bool] = lambda number, name: True) -> Scores:
    weights: dict[str, float] = json.loads((POLLOCK / "pollock_weights.json").read_text())
    scores = Scores()
    for number, path in enumerate(sorted((folder / "csv").iterdir())):
        if wanted(number, path.name):
            with (folder / "clean" / path.name).open(encoding="utf-8-sig", newline="") as clean:
                scores.add(path, clean.read(), weights.get(path.name, 0.0))
    return scores


def of_this_day(number: int, name: str) -> bool:
    return WHOLE or name.startswith(("file_", "source")) or number % EVERY == 0


def test_c2_polluted_files_are_read_or_their_broken_rows_rejected_and_none_comes_in_wrong(polluted: Path) -> None:
    scores = scored(polluted, of_this_day)
    assert not scores.errors
    assert scores.files == 2290 if WHOLE else 120 < scores.files < 180
    assert scores.weighted >= 9.8
    if WHOLE:
        assert scores.simple >= 9.95
        assert scores.kept >= 0.985
        assert scores.wrong <= 0.02
    else:  # the files that are polluted as a whole weigh twenty times as much here
        assert scores.simple >= 9.85
        assert scores.kept >= 0.975
        assert scores.wrong <= 0.1


def test_c2_of_files_with_one_broken_row_no_row_comes_in_wrong(polluted: Path) -> None:
    scores = scored(polluted, lambda number, name: name.startswith("row_") and number % (1 if WHOLE else EVERY) == 0)
    assert not scores.errors
    assert scores.wrong == 0
    assert scores.kept >= 0.985


def test_c2_a_broken_row_is_named_by_its_line(polluted: Path) -> None:
    for name, line in (("row_more_sep_row7_col3.csv", 8), ("row_less_sep_row21_col2.csv", 22), ("row_extra_quote40_col8.csv", 41)):
        found, findings = rows(polluted / "csv" / name)
        assert [finding.line for finding in findings if finding.severity == "error"] == [line], name
        assert len(found) == 83, name


def test_c3_the_surveys_real_files_arrive_whole() -> None:
    scores = scored(POLLOCK / "survey_sample")
    assert not scores.errors
    assert scores.files == len(list((POLLOCK / "survey_sample" / "csv").iterdir()))
    assert scores.simple >= 9.2
    assert scores.kept >= 0.99
    assert scores.wrong <= 0.3


def test_c2_the_score_counts_what_is_lost_and_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("order,total\n1,2.5\n2,3\n")
    scores = Scores()
    scores.add(path, "order,total\n1,2.50\n2,3\n")
    assert (scores.simple, scores.kept, scores.wrong) == (10, 1, 0)
    scores = Scores()
    scores.add(path, "order,total\n1,2.5\n7,3\n")
    assert scores.simple < 10 and scores.kept == 0.5 and scores.wrong == 1
    scores = Scores()
    scores.add(tmp_path / "missing.csv", "a,b\n1,2\n")
    assert scores.errors and scores.simple == 0

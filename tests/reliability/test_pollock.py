"""The published corpus of polluted delimited files: what may be read is read, what is broken is rejected, nothing comes in wrong.

Every day a sample is read; where changes are taken in, all 2,290 files and the survey's real ones.
"""

from __future__ import annotations

import json
import os
import tarfile
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


@pytest.fixture(scope="module")
def scores(polluted: Path) -> tuple[Scores, Scores]:
    """Return the figures of all files that are read, and of those with one broken row."""
    weights: dict[str, float] = json.loads((POLLOCK / "pollock_weights.json").read_text())
    everything, one_row = Scores(), Scores()
    for number, path in enumerate(sorted((polluted / "csv").iterdir())):
        is_row = path.name.startswith("row_")
        if WHOLE or not is_row or number % EVERY == 0:
            everything.add(path, clean_of(polluted, path.name), weights.get(path.name, 0.0), *([one_row] if is_row else []))
    return everything, one_row


def clean_of(folder: Path, name: str) -> str:
    with (folder / "clean" / name).open(encoding="utf-8-sig", newline="") as clean:
        return clean.read()


def test_c2_polluted_files_are_read_or_their_broken_rows_rejected_and_none_comes_in_wrong(scores: tuple[Scores, Scores]) -> None:
    everything, _ = scores
    assert not everything.errors
    assert everything.files == 2290 if WHOLE else 120 < everything.files < 180
    assert everything.weighted >= 9.8
    if WHOLE:
        assert everything.simple >= 9.95
        assert everything.kept >= 0.985
        assert everything.wrong <= 0.02
    else:  # the files that are polluted as a whole weigh twenty times as much here
        assert everything.simple >= 9.85
        assert everything.kept >= 0.975
        assert everything.wrong <= 0.1


def test_c2_of_files_with_one_broken_row_no_row_comes_in_wrong(scores: tuple[Scores, Scores]) -> None:
    _, one_row = scores
    assert one_row.files > 100 and not one_row.errors
    assert one_row.wrong == 0
    assert one_row.kept >= 0.985


def test_c2_a_broken_row_is_named_by_its_line(polluted: Path) -> None:
    for name, line in (("row_more_sep_row7_col3.csv", 8), ("row_less_sep_row21_col2.csv", 22), ("row_extra_quote40_col8.csv", 41)):
        found, findings = rows(polluted / "csv" / name)
        assert [finding.line for finding in findings if finding.severity == "error"] == [line], name
        assert len(found) == 83, name


def test_c3_the_surveys_real_files_arrive_whole() -> None:
    folder = POLLOCK / "survey_sample"
    scores = Scores()
    for path in sorted((folder / "csv").iterdir()):
        scores.add(path, clean_of(folder, path.name))
    assert not scores.errors
    assert scores.files == len(list((folder / "clean").iterdir()))
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

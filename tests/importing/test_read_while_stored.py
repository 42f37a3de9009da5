"""A file that is read while it is being stored gives the workspace, the report and the words of one that was planned first."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from test_import_files import HEADER, MAPPING, ROWS, SETTINGS

from ecoperf_desktop.errors import Cancelled
from ecoperf_desktop.importing import limits, split
from ecoperf_desktop.importing.apart import ReadingProcess
from ecoperf_desktop.importing.emit import _Met
from ecoperf_desktop.importing.plan import ImportOptions, apply, plan
from ecoperf_desktop.model.importing import FileReport, no_progress
from ecoperf_desktop.store.database import Workspace

MANY = [f"M{number // 3},2026-04-{1 + number % 28:02d} 10:00:00,MUG,{1 + number % 4},5.25,,0.4" for number in range(300)]
FILES = {
    "plain": ROWS,
    "many": MANY,
    "a group in two places": [*MANY, "M1,2026-04-02 10:00:00,CAP,1,9.00,,"],
    "a later row speaks for the other decimal mark": [*MANY, 'N1,2026-04-02 10:00:00,CAP,1,"9,00",,'],
    "a bad row": [*MANY, "N1,2026-04-02 10:00:00,CAP,x,9.00,,"],
    "too many bad rows": [*MANY, *(f"N{number},2026-04-02 10:00:00,CAP,x,9.00,," for number in range(40))],
    "damaged ids": [*MANY, *(f"2.026E+{number},2026-04-02 10:00:00,CAP,1,9.00,," for number in range(20, 60))],
    "a total": [*MANY, "Total,,,8,,,"],
    "only a total": ["Total,,,8,,,"],
    "nothing": [],
}


@pytest.fixture(scope="module")
def kept_formats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(autouse=True)
def known_formats(kept_formats: Path, own_data_folder: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the processes of all tests here find the formats that the first has parsed, as a person's do from the second start on."""
    monkeypatch.setenv("ECOPERF_DATA", str(kept_formats))


def _options(folder: Path) -> ImportOptions:
    mapping = folder / "corner.toml"
    mapping.write_text(MAPPING, encoding="utf-8")
    return ImportOptions(mappings=(mapping,), settings=SETTINGS)


def _csv(folder: Path, rows: list[str]) -> Path:
    path = folder / "lines.csv"
    path.write_text("\n".join((HEADER, *rows)) + "\n", encoding="utf-8")
    return path


def _outcome(folder: Path, path: Path, *, unseen: bool, apart: bool = False, times: int = 1) -> tuple[list[FileReport], list[str]]:
    with Workspace.open(folder / f"shop-{unseen}-{apart}.ecoperf", write=True) as workspace:
        reports = []
        for _ in range(times):
            with ReadingProcess(_options(folder).mappings) if apart else nullcontext() as process:
                made = plan([path], _options(folder), workspace.answers, no_progress, unseen=unseen, apart=process)
                reports.extend(apply(made, workspace, no_progress).files)
        tables = [row[0] for row in workspace.conn.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
        skipped = {"secret", "calendar", "_sqlite_migrations", "customer"}
        facts = [
            f"{table}: {row}" for table in tables if table not in skipped
            for row in workspace.conn.execute(f"SELECT * FROM {table}")
        ]
        if "imports" in tables:
            facts = [fact for fact in facts if not fact.startswith("imports: ")]
            facts.extend(map(str, workspace.conn.execute(
                "SELECT import_id, sha256, encoding, as_of, rows_read, rows_new, rows_dropped, rows_rejected, dropped, first_day, last_day FROM imports"
            )))
    return reports, facts


@pytest.mark.parametrize("block", [400, limits.BLOCK])
@pytest.mark.parametrize("content", FILES)
def test_reading_while_storing_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, block: int) -> None:
    # Blocks as small as this stand in for a file of many megabytes.
    monkeypatch.setitem(split.TextReader.__init__.__kwdefaults__, "block", block)
    path = _csv(tmp_path, FILES[content])
    assert _outcome(tmp_path, path, unseen=True, times=2) == _outcome(tmp_path, path, unseen=False, times=2)


@pytest.mark.parametrize("content", FILES)
def test_reading_in_a_process_apart_changes_nothing(tmp_path: Path, content: str) -> None:
    path = _csv(tmp_path, FILES[content])
    assert _outcome(tmp_path, path, unseen=True, apart=True) == _outcome(tmp_path, path, unseen=False)


@pytest.mark.parametrize("last", [ROWS[0], "M1,2026-04-02 10:00:00,CAP,1,9.00,,", 'N1,2026-04-02 10:00:00,CAP,1,"9,00",,', "N1,,CAP,x,y,,"])
def test_what_a_later_block_decides_is_told_apart_too(tmp_path: Path, last: str) -> None:
    rows = [f"M{number // 3},2026-04-{1 + number % 28:02d} 10:00:00,MUG{'-' * 400},{1 + number % 4},5.25,,0.4" for number in range(21_000)]
    path = _csv(tmp_path, [*rows, last])
    assert path.stat().st_size > limits.BLOCK
    assert _outcome(tmp_path, path, unseen=True, apart=True) == _outcome(tmp_path, path, unseen=False)


def test_a_process_apart_reads_the_file_to_its_end(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "shop.ecoperf", write=True) as workspace, ReadingProcess(_options(tmp_path).mappings) as process:
        made = plan([_csv(tmp_path, MANY)], _options(tmp_path), workspace.answers, no_progress, unseen=True, apart=process)
        assert apply(made, workspace, no_progress).files[0].rows.new == 300
    assert process.has_read


def test_a_process_that_dies_costs_nothing_but_time(tmp_path: Path) -> None:
    path = _csv(tmp_path, MANY)
    with Workspace.open(tmp_path / "shop.ecoperf", write=True) as workspace, ReadingProcess(_options(tmp_path).mappings) as process:
        made = plan([path], _options(tmp_path), workspace.answers, no_progress, unseen=True, apart=process)
        process.close()
        assert apply(made, workspace, no_progress).files[0].rows.new == 300
    with Workspace.open(tmp_path / "other.ecoperf", write=True) as workspace, ReadingProcess(_options(tmp_path).mappings) as process:
        process.close()
        made = plan([path], _options(tmp_path), workspace.answers, no_progress, unseen=True, apart=process)
        assert apply(made, workspace, no_progress).files[0].rows.new == 300


def test_a_bug_in_the_process_apart_is_a_bug_here(tmp_path: Path) -> None:
    with ReadingProcess(_options(tmp_path).mappings) as process, pytest.raises(RuntimeError, match="Traceback"):
        process.begin({"path": str(_csv(tmp_path, MANY))}, {})


def test_a_file_recognised_otherwise_apart_is_read_here(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "shop.ecoperf", write=True) as workspace, ReadingProcess() as process:
        # The process was not given the mapping and cannot know the format.
        made = plan([_csv(tmp_path, MANY)], _options(tmp_path), workspace.answers, no_progress, unseen=True, apart=process)
        assert apply(made, workspace, no_progress).files[0].rows.new == 300
        assert not process.has_read


def test_a_file_that_nobody_looks_at_first_is_only_begun(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "shop.ecoperf", write=True) as workspace:
        made = plan([_csv(tmp_path, MANY)], _options(tmp_path), workspace.answers, no_progress, unseen=True)
        prepared = made.files[0].prepared
        assert prepared is not None and not prepared.is_read
        assert apply(made, workspace, no_progress).files[0].rows.new == 300
        assert prepared.is_read


def test_a_begun_file_can_be_stopped_and_applied_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(split.TextReader.__init__.__kwdefaults__, "block", 400)

    def stop(done: int, total: int, what: str) -> None:
        if done > 1:
            raise Cancelled

    with Workspace.open(tmp_path / "shop.ecoperf", write=True) as workspace:
        made = plan([_csv(tmp_path, MANY)], _options(tmp_path), workspace.answers, no_progress, unseen=True)
        with pytest.raises(Cancelled):
            apply(made, workspace, stop)
        assert workspace.conn.execute("SELECT COUNT(*) FROM imports").fetchone() == (0,)
        assert apply(made, workspace, no_progress).files[0].rows.new == 300


def test_a_file_that_grows_while_it_is_read_is_not_stored(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "shop.ecoperf", write=True) as workspace:
        path = _csv(tmp_path, MANY)
        made = plan([path], _options(tmp_path), workspace.answers, no_progress, unseen=True)
        _csv(tmp_path, [*MANY, ROWS[0]])
        assert apply(made, workspace, no_progress).files[0].findings[0].code == "importing.being_written"
        assert workspace.conn.execute("SELECT COUNT(*) FROM orders").fetchone() == (0,)


def test_two_files_are_planned_before_either_is_stored(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("\n".join((HEADER, *ROWS)) + "\n", encoding="utf-8")
    with Workspace.open(tmp_path / "shop.ecoperf", write=True) as workspace:
        made = plan([_csv(tmp_path, MANY), other], _options(tmp_path), workspace.answers, no_progress, unseen=True)
        assert [file.prepared is not None and file.prepared.is_read for file in made.files] == [True, True]


def test_a_needed_cell_that_cannot_be_read_is_refused_and_not_dropped(tmp_path: Path) -> None:
    rule = '[[drop]]\nreason = "nothing_sold"\nwhen = { not = { above = { qty = 0 } } }\n\n[[drop]]\nreason = "total"'
    mapping = tmp_path / "corner.toml"
    mapping.write_text(MAPPING.replace('[[drop]]\nreason = "total"', rule), encoding="utf-8")
    options = replace(_options(tmp_path), mappings=(mapping,))
    mapping.write_text(MAPPING.replace('[[drop]]\nreason = "total"', rule), encoding="utf-8")
    rows = [*ROWS, "A4,2026-03-03 08:00:00,MUG,0,1.00,,", "A5,2026-03-03 08:00:00,MUG,67seasea,1.00,,", "Total,,,x,,,"]
    with Workspace.open(tmp_path / "shop.ecoperf", write=True) as workspace:
        made = plan([_csv(tmp_path, rows)], options, workspace.answers, no_progress)
        report = apply(made, workspace, no_progress).files[0]
    assert report.dropped == {"nothing_sold": 1, "total": 1}
    assert [(finding.code, finding.record, finding.line, finding.column) for finding in report.findings if finding.severity == "error"] == [
        ("importing.bad_integer", 6, 7, "Qty")
    ]
    assert (report.rows.new, report.rows.rejected) == (4, 1)


def test_keys_are_known_again_however_many_were_met() -> None:
    met = _Met()
    assert not any(met.met_before([f"A{start + number}" for number in range(50)], 50) for start in range(0, 5000, 50))
    assert not met.met_before(["B1"], 1)
    assert all(met.met_before([f"A{number}", f"C{number}"], 2) for number in (0, 49, 50, 2500, 4999))

"""Files from the path a person names to the workspace, and back: what is wrong is one clear sentence and stores nothing."""

from __future__ import annotations

import itertools
import os
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import xlsxwriter

from ecoperf_desktop import language
from ecoperf_desktop.errors import Cancelled, UsageError
from ecoperf_desktop.importing.plan import ImportOptions, ImportPlan, apply, plan
from ecoperf_desktop.model.importing import FileReport, ImportReport, no_progress
from ecoperf_desktop.store import ledger
from ecoperf_desktop.store.database import Workspace

MAPPING = """
[format]
id = "corner.lines"
version = 1
platform = "corner"
title = { en = "Corner shop lines", zh = "街角小店 明细" }

[answers]
currency = "ask"
tz = "ask"
recognition_basis = "placed"

[[column]]
header = ["Order", "订单"]
field = "order_no"
type = "id"
required = true

[[column]]
header = ["When", "时间"]
field = "placed"
type = "datetime"
required = true

[[column]]
header = ["SKU", "货号"]
field = "sku"
type = "id"
required = true

[[column]]
header = ["Qty", "数量"]
field = "qty"
type = "integer"
required = true

[[column]]
header = ["Price", "单价"]
field = "unit_price"
type = "money"
required = true

[[column]]
header = ["Customer"]
field = "buyer"
type = "hash"

[[column]]
header = ["Weight"]
field = "weight"
type = "number"

[group]
by = ["order_no"]

[[drop]]
reason = "total"
when = { matches = { order_no = '^Total' } }
totals = ["qty"]

[[emit]]
into = "orders"
per = "group"

[[emit]]
into = "order_lines"
set.gross = { product = ["qty", "unit_price"] }
"""
HEADER = "Order,When,SKU,Qty,Price,Customer,Weight"
ROWS = [
    "A1,2026-03-02 10:00:00,MUG,2,5.25,ann@example.com,0.4",
    "A1,2026-03-02 10:00:00,CAP,1,9.00,ann@example.com,",
    "A2,2026-03-02 23:30:00,MUG,1,5.25,,0.4",
    "A3,2026-03-03 08:00:00,MUG,3,1.115,bob@example.com,0.4",
]
SETTINGS = {"currency": "GBP", "tz": "Europe/London"}
FACTS = ("orders", "order_lines", "refunds", "product", "customer")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    opened = Workspace.open(tmp_path / "shop.ecoperf", write=True)
    yield opened
    opened.close()


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "corner.toml").write_text(MAPPING, encoding="utf-8")
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def _options(folder: Path, **settings: str) -> ImportOptions:
    return ImportOptions(mappings=(folder.parent / "corner.toml",), settings={**SETTINGS, **settings})


def _csv(folder: Path, *rows: str, name: str = "lines.csv", header: str = HEADER) -> Path:
    path = folder / name
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return path


def _import(workspace: Workspace, inbox: Path, *paths: Path, **settings: str) -> ImportReport:
    options = _options(inbox, **settings)
    return apply(plan(paths, options, workspace.answers, no_progress), workspace, no_progress)


def _only(report: ImportReport) -> FileReport:
    assert len(report.files) == 1
    return report.files[0]


def _lines(workspace: Workspace) -> list[tuple[str, str, int, int]]:
    return workspace.conn.execute(
        "SELECT order_no, sku, qty, gross_minor FROM order_lines JOIN orders ON order_id = line_id / 65536 "
        "JOIN product USING (product_id) ORDER BY 1, 2"
    ).fetchall()


def _facts(conn: sqlite3.Connection) -> dict[str, int]:
    return {table: conn.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for table in FACTS}


def _sentence(report: FileReport, words: str = "en") -> str:
    return language.sentence(report.findings[0].code, words, **report.findings[0].details)


def _assert_nothing_stored(workspace: Workspace) -> None:
    assert set(_facts(workspace.conn).values()) == {0}
    assert workspace.conn.execute("SELECT COUNT(*) FROM imports").fetchone() == (0,)


def test_an_export_becomes_orders_and_lines(workspace: Workspace, inbox: Path) -> None:
    report = _only(_import(workspace, inbox, _csv(inbox, *ROWS)))
    assert (report.status, report.format, report.encoding, report.delimiter) == ("loaded", "corner.lines", "utf-8", ",")
    assert (report.rows.read, report.rows.new, report.rows.rejected) == (4, 4, 0)
    assert _lines(workspace) == [("A1", "CAP", 1, 900), ("A1", "MUG", 2, 1050), ("A2", "MUG", 1, 525), ("A3", "MUG", 3, 335)]


def test_a_unit_price_keeps_its_decimals_and_the_amount_is_rounded_once(workspace: Workspace, inbox: Path) -> None:
    _import(workspace, inbox, _csv(inbox, ROWS[0], "A3,2026-03-03 08:00:00,MUG,3,1.115,,"))
    assert _lines(workspace)[1][3] == 335  # 3.345, not three times 1.12


def test_a_price_that_could_be_thousands_is_asked_about_and_never_guessed(workspace: Workspace, inbox: Path) -> None:
    path = _csv(inbox, "A3,2026-03-03 08:00:00,MUG,3,1.115,,")
    assert "--set decimal=" in _sentence(_only(_import(workspace, inbox, path)))
    _import(workspace, inbox, path, decimal=",")
    assert _lines(workspace)[0][3] == 334_500


def test_one_bad_number_costs_its_row_alone(workspace: Workspace, inbox: Path) -> None:
    rows = [*ROWS[:2], "A9,2026-03-02 10:00:00,MUG,67seasea,5.25,,", *ROWS[2:]]
    report = _only(_import(workspace, inbox, _csv(inbox, *rows)))
    assert (report.status, report.rows.new, report.rows.rejected) == ("loaded", 4, 1)
    finding = report.findings[0]
    assert (finding.severity, finding.record, finding.line, finding.column) == ("error", 3, 4, "Qty")
    assert "67seasea" in _sentence(report) and "67seasea" in _sentence(report, "zh")
    assert all(order != "A9" for order, *_ in _lines(workspace))


def test_a_bad_cell_nobody_needs_is_a_warning(workspace: Workspace, inbox: Path) -> None:
    report = _only(_import(workspace, inbox, _csv(inbox, ROWS[0].replace("0.4", "heavy"))))
    assert (report.status, report.rows.new, report.findings[0].severity) == ("loaded", 1, "warning")


def test_the_same_bytes_again_are_unchanged_with_the_first_id(workspace: Workspace, inbox: Path) -> None:
    path = _csv(inbox, *ROWS)
    first = _only(_import(workspace, inbox, path))
    second = _only(_import(workspace, inbox, path))
    assert (second.status, second.import_id) == ("unchanged", first.import_id)
    assert second.rows.unchanged == 4


def test_the_same_rows_in_another_file_are_unchanged_and_double_nothing(workspace: Workspace, inbox: Path) -> None:
    _import(workspace, inbox, _csv(inbox, *ROWS))
    before = _facts(workspace.conn)
    report = _only(_import(workspace, inbox, _csv(inbox, *ROWS, "", name="again.csv")))
    assert report.status == "unchanged"
    assert _facts(workspace.conn) == before


def test_undo_leaves_no_facts_and_the_file_may_come_again(workspace: Workspace, inbox: Path) -> None:
    path = _csv(inbox, *ROWS)
    first = _only(_import(workspace, inbox, path))
    assert first.import_id is not None
    ledger.undo(workspace, [first.import_id], no_progress)
    assert _facts(workspace.conn)["orders"] == 0
    again = _only(_import(workspace, inbox, path))
    assert again.status == "loaded" and again.import_id != first.import_id


def test_a_dry_run_reports_the_same_and_stores_nothing(workspace: Workspace, inbox: Path) -> None:
    made = plan([_csv(inbox, *ROWS)], _options(inbox), workspace.answers, no_progress)
    report = _only(apply(made, workspace, no_progress, dry_run=True))
    assert (report.status, report.rows.new, report.import_id) == ("loaded", 4, None)
    _assert_nothing_stored(workspace)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_any_order_of_files_gives_the_same_workspace(workspace: Workspace, inbox: Path, order: tuple[int, ...]) -> None:
    rows = [ROWS[:3], [ROWS[2], ROWS[3]], ["A3,2026-03-03 08:00:00,MUG,4,1.00,,"]]
    paths = []
    for number, part in enumerate(rows):
        path = _csv(inbox, *part, name=f"{number}.csv")
        os.utime(path, (1_770_000_000 + number, 1_770_000_000 + number))
        paths.append(path)
    for number in order:
        _import(workspace, inbox, paths[number])
    assert _lines(workspace) == [("A1", "CAP", 1, 900), ("A1", "MUG", 2, 1050), ("A2", "MUG", 1, 525), ("A3", "MUG", 4, 400)]


def test_a_total_row_is_dropped_and_compared(workspace: Workspace, inbox: Path) -> None:
    report = _only(_import(workspace, inbox, _csv(inbox, *ROWS, "Total,,,8,,,")))
    assert report.dropped == {"total": 1}
    assert [finding.code for finding in report.findings] == ["importing.total_differs"]
    assert "8" in _sentence(report) and "7" in _sentence(report)


@pytest.mark.parametrize(("content", "code"), [
    (b"", "reading.empty"),
    (b"\x89PNG\r\n\x1a\n" + bytes(range(200)), "reading.picture"),
    (b"PK\x03\x04" + bytes(100), None),
    (b"just some words\nand more\n", "importing.unknown_format"),
])
def test_what_is_no_export_is_refused_with_one_sentence(workspace: Workspace, inbox: Path, content: bytes, code: str | None) -> None:
    path = inbox / "odd.csv"
    path.write_bytes(content)
    report = _only(_import(workspace, inbox, path))
    assert report.status == "refused" and report.import_id is None
    if code:
        assert report.findings[0].code == code
    for words in language.LANGUAGES:
        text = _sentence(report, words)
        assert "odd.csv" in text and "{" not in text
    _assert_nothing_stored(workspace)


def test_a_header_without_rows_is_an_import_of_nothing_with_a_warning(workspace: Workspace, inbox: Path) -> None:
    report = _only(_import(workspace, inbox, _csv(inbox)))
    assert (report.status, report.rows.read, report.rows.new, report.period) == ("loaded", 0, 0, None)
    assert [(finding.code, finding.severity) for finding in report.findings] == [("importing.no_rows", "warning")]
    assert set(_facts(workspace.conn).values()) == {0}
    assert workspace.conn.execute("SELECT count(*) FROM coverage").fetchone() == (0,)


def test_damaged_ids_past_the_limit_refuse_the_file(workspace: Workspace, inbox: Path) -> None:
    rows = [f"2.026E+{number},2026-03-02 10:00:00,MUG,1,5.25,," for number in range(20, 40)]
    report = _only(_import(workspace, inbox, _csv(inbox, *rows, *ROWS)))
    assert (report.status, report.findings[0].code) == ("refused", "importing.damaged_ids")
    assert "Excel" in _sentence(report)
    assert report.findings[1].record == 1
    _assert_nothing_stored(workspace)


def test_one_damaged_id_costs_its_row(workspace: Workspace, inbox: Path) -> None:
    report = _only(_import(workspace, inbox, _csv(inbox, "2.026E+27,2026-03-02 10:00:00,MUG,1,5.25,,", *ROWS)))
    assert (report.status, report.rows.rejected, report.rows.new) == ("loaded", 1, 4)


def test_more_bad_rows_than_allowed_refuse_the_file_unless_more_are_allowed(workspace: Workspace, inbox: Path) -> None:
    path = _csv(inbox, *ROWS, *(f"B{number},2026-03-02 10:00:00,MUG,x,5.25,," for number in range(11)))
    assert _only(_import(workspace, inbox, path)).findings[0].code == "importing.too_many_rejected"
    _assert_nothing_stored(workspace)
    assert _only(_import(workspace, inbox, path, reject_limit="11")).status == "loaded"


@pytest.mark.parametrize(("missing", "code"), [("currency", "importing.ask_currency"), ("tz", "importing.ask_tz")])
def test_what_no_file_can_say_is_asked_by_its_key(workspace: Workspace, inbox: Path, missing: str, code: str) -> None:
    options = ImportOptions(mappings=(inbox.parent / "corner.toml",), settings={key: value for key, value in SETTINGS.items() if key != missing})
    made = plan([_csv(inbox, *ROWS)], options, workspace.answers, no_progress)
    assert (made.files[0].outcome, made.files[0].findings[0].code, made.questions) == ("refused", code, (missing,))
    assert f"--set {missing}=" in _sentence(_only(apply(made, workspace, no_progress)))


def test_what_was_answered_once_is_known_of_the_source(workspace: Workspace, inbox: Path) -> None:
    _import(workspace, inbox, _csv(inbox, *ROWS[:2]))
    options = ImportOptions(mappings=(inbox.parent / "corner.toml",))
    made = plan([_csv(inbox, *ROWS[2:], name="next.csv")], options, workspace.answers, no_progress)
    assert _only(apply(made, workspace, no_progress)).status == "loaded"


def test_an_encoding_nothing_decides_is_asked_for(workspace: Workspace, inbox: Path) -> None:
    path = inbox / "lines.csv"
    path.write_bytes("\n".join((HEADER, ROWS[0].replace("MUG", "TASSE Größe"))).encode("cp1252") + b"\n")
    report = _only(_import(workspace, inbox, path))
    assert report.status == "refused" and "--set encoding=" in _sentence(report)
    _assert_nothing_stored(workspace)
    assert _only(_import(workspace, inbox, path, encoding="cp1252")).encoding == "cp1252"


def test_a_chinese_header_decides_its_encoding(workspace: Workspace, inbox: Path) -> None:
    path = inbox / "明细.csv"
    path.write_bytes("订单,时间,货号,数量,单价\nA1,2026-03-02 10:00:00,杯子,2,5.25\n".encode("gb18030"))
    assert _only(_import(workspace, inbox, path)).encoding == "gb18030"
    assert _lines(workspace) == [("A1", "杯子", 2, 1050)]


def test_a_header_below_other_lines_and_another_delimiter_are_found(workspace: Workspace, inbox: Path) -> None:
    path = inbox / "lines.txt"
    text = "Corner shop\n\nexported;by;hand\n" + "\n".join((HEADER, *ROWS)).replace(",", ";") + "\n"
    path.write_text(text, encoding="utf-8")
    report = _only(_import(workspace, inbox, path))
    assert (report.status, report.delimiter, report.rows.new) == ("loaded", ";", 4)


def test_renamed_columns_are_named_as_a_near_miss(workspace: Workspace, inbox: Path) -> None:
    report = _only(_import(workspace, inbox, _csv(inbox, *ROWS, header=HEADER.replace("Price", "Cost each"))))
    assert report.findings[0].code == "importing.near_miss"
    assert "corner.lines" in _sentence(report) and "Price" in _sentence(report)


def test_a_file_that_two_formats_claim_is_refused_until_one_is_chosen(workspace: Workspace, inbox: Path) -> None:
    other = MAPPING.replace('"corner.lines"', '"corner.twin"')
    (inbox.parent / "twin.toml").write_text(other, encoding="utf-8")
    mappings = (inbox.parent / "corner.toml", inbox.parent / "twin.toml")
    path = _csv(inbox, *ROWS)
    made = plan([path], ImportOptions(mappings=mappings, settings=SETTINGS), workspace.answers, no_progress)
    assert made.files[0].findings[0].code == "importing.several_formats"
    chosen = ImportOptions(format="corner.twin", mappings=mappings, settings=SETTINGS)
    assert plan([path], chosen, workspace.answers, no_progress).files[0].outcome == "load"


def test_folders_and_archives_skip_what_is_no_export(workspace: Workspace, inbox: Path) -> None:
    _csv(inbox, *ROWS[:2])
    (inbox / "notes.txt").write_text("call the supplier\n", encoding="utf-8")
    with zipfile.ZipFile(inbox / "week.zip", "w") as archive:
        archive.writestr("lines.csv", "\n".join((HEADER, *ROWS[2:])))
        archive.writestr("readme.txt", "nothing here")
    report = _import(workspace, inbox, inbox)
    assert sorted((file.member or "", file.status) for file in report.files) == [
        ("", "loaded"), ("", "skipped"), ("lines.csv", "loaded"), ("readme.txt", "skipped"),
    ]
    assert not report.refused
    assert len(_lines(workspace)) == 4


def test_a_folder_with_nothing_to_read_is_refused(workspace: Workspace, inbox: Path) -> None:
    assert _only(_import(workspace, inbox, inbox)).findings[0].code == "importing.empty_folder"
    (inbox / "notes.txt").write_text("call the supplier\n", encoding="utf-8")
    assert _import(workspace, inbox, inbox).refused
    assert _only(_import(workspace, inbox, inbox / "absent.csv")).findings[0].code == "importing.absent"
    _assert_nothing_stored(workspace)


def test_sheets_that_overlap_count_once(workspace: Workspace, inbox: Path) -> None:
    path = inbox / "lines.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        for name, rows in (("March", ROWS[:3]), ("All", ROWS)):
            sheet = workbook.add_worksheet(name)
            for number, row in enumerate((HEADER, *rows)):
                sheet.write_row(number, 0, row.split(","))
    report = _import(workspace, inbox, path)
    assert [(file.member, file.status) for file in report.files] == [("March", "loaded"), ("All", "loaded")]
    assert len(_lines(workspace)) == 4


def test_a_buyer_is_nowhere_in_the_workspace(workspace: Workspace, inbox: Path, tmp_path: Path) -> None:
    _import(workspace, inbox, _csv(inbox, *ROWS))
    assert _facts(workspace.conn)["customer"] == 2
    workspace.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"ann@example" not in (tmp_path / "shop.ecoperf").read_bytes()


def test_a_setting_nobody_knows_is_wrong_usage(workspace: Workspace, inbox: Path) -> None:
    for settings in ({"curency": "GBP"}, {"currency": "pounds"}, {"tz": "London/Europe"}, {"period": "May"}):
        with pytest.raises(UsageError):
            plan([_csv(inbox, *ROWS)], _options(inbox, **settings), workspace.answers, no_progress)
    with pytest.raises(UsageError):
        plan([_csv(inbox, *ROWS)], ImportOptions(format="corner.shop"), workspace.answers, no_progress)


def test_stopping_stores_nothing_of_the_file(workspace: Workspace, inbox: Path) -> None:
    def stop(done: int, total: int, what: str) -> None:
        raise Cancelled

    made: ImportPlan = plan([_csv(inbox, *ROWS)], _options(inbox), workspace.answers, no_progress)
    with pytest.raises(Cancelled):
        apply(made, workspace, stop)
    with pytest.raises(Cancelled):
        plan([_csv(inbox, *ROWS)], _options(inbox), workspace.answers, stop)
    _assert_nothing_stored(workspace)


def test_a_plan_that_was_tried_can_be_applied_and_applied_again(workspace: Workspace, inbox: Path) -> None:
    made = plan([_csv(inbox, *ROWS)], _options(inbox), workspace.answers, no_progress)
    apply(made, workspace, no_progress, dry_run=True)
    first = _only(apply(made, workspace, no_progress))
    assert first.import_id is not None
    ledger.undo(workspace, [first.import_id], no_progress)
    again = _only(apply(made, workspace, no_progress))  # its rows are let go by now: the file is read once more
    assert (again.status, again.rows.new) == ("loaded", 4)


def test_a_file_that_changed_since_it_was_planned_is_not_read_again(workspace: Workspace, inbox: Path) -> None:
    path = _csv(inbox, *ROWS)
    made = plan([path], _options(inbox), workspace.answers, no_progress)
    assert made.files[0].prepared is not None
    made.files[0].prepared.let_go()
    _csv(inbox, *ROWS, ROWS[0])
    assert _only(apply(made, workspace, no_progress)).findings[0].code == "importing.being_written"
    _assert_nothing_stored(workspace)

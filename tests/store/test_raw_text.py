"""The text a fact was read from comes back cell by cell."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import store_making as making
from store_making import Export

from ecoperf_desktop.store.database import Workspace
from ecoperf_desktop.store.load import loading
from ecoperf_desktop.store.raw import raw_rows


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Workspace]:
    with making.workspace(tmp_path) as opened:
        yield opened


def _import(opened: Workspace, blocks: list[tuple[int, int, str]], delimiter: str | None = ";") -> int:
    export = Export("a", (("orders", ({"order_no": "1", "placed_day": 20_000},)),))
    head = replace(
        making.head(export),
        header=("No", "Name", "Mail", "Note"),
        hidden=("Name", "Mail"),
        hashed=("Mail",),
        delimiter=delimiter,
    )
    with loading(opened, head) as load:
        load.assert_rows([making.asserted("orders", export.tables[0][1])])
        for first, records, text in blocks:
            load.keep_raw(first, records, zlib.compress(text.encode()))
        return load.finish(read=1, dropped={}, findings=(), rejected=0).import_id


def test_records_are_found_in_their_blocks_without_personal_text(opened: Workspace) -> None:
    import_id = _import(opened, [(1, 2, 'A1;"first; ""one"""\nA2;\n'), (3, 1, "A3;第三\n")])
    assert raw_rows(opened.conn, import_id, [3, 1]) == {
        1: {"No": "A1", "Mail": "(hashed)", "Note": 'first; "one"'},
        3: {"No": "A3", "Mail": "(hashed)", "Note": "第三"},
    }


def test_line_ends_inside_cells_do_not_shift_records(opened: Workspace) -> None:
    import_id = _import(opened, [(1, 3, 'A1;"two\nlines"\n\nA3;x\n')])
    found = raw_rows(opened.conn, import_id, [1, 2, 3])
    assert found[1]["Note"] == "two\nlines"
    assert 2 not in found
    assert found[3]["No"] == "A3"


def test_what_is_not_kept_is_not_there(opened: Workspace) -> None:
    import_id = _import(opened, [(2, 1, "A2,x\n")], delimiter=None)
    assert raw_rows(opened.conn, import_id, [1, 2, 3, 99]) == {
        2: {"No": "A2", "Mail": "(hashed)", "Note": "x"}
    }
    assert raw_rows(opened.conn, import_id + 1, [1]) == {}

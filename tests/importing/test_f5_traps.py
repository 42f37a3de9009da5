"""Traps of service desks' exports, speed and uptime files, server logs."""

from __future__ import annotations

import json
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ecoperf_desktop.errors import EcoPerfError, MappingError
from ecoperf_desktop.importing import descriptor, examples, shelf
from ecoperf_desktop.importing.container import members
from ecoperf_desktop.importing.detect import Detector
from ecoperf_desktop.importing.prepare import prepare

_SPAN = '''
#:schema format.schema.json
[format]
id = "desk.spans"
version = 1
platform = "desk"
title = { en = "Desk", zh = "工单" }

[detect]
all = ["No", "Opened", "Took"]

[answers]
tz = "UTC"

[[column]]
header = ["No"]
field = "ticket_no"
type = "id"
required = true

[[column]]
header = ["Opened"]
field = "opened"
type = "datetime"
required = true

[[column]]
header = ["Took"]
field = "took"
type = "duration"

[[emit]]
into = "support_conversations"
set.day = "opened_day"
set.first_msg_ts = { sum = ["opened_ts", "-took"] }
set.resolved_ts = { sum = %s }

[[example]]
input = """
No,Opened,Took
1,2026-03-01 10:00:00,90
2,2026-03-01 10:00:00,
"""
expect.support_conversations = [
  { ticket_no = "1", first_msg_ts = "2026-03-01T09:58:30Z", resolved_ts = "2026-03-01T10:01:30Z" },
  { ticket_no = "2", first_msg_ts = "", resolved_ts = "" },
]
'''


def _written(folder: Path, terms: str) -> Path:
    path = folder / "spans.toml"
    path.write_text(textwrap.dedent(_SPAN % terms).lstrip(), encoding="utf-8")
    return path


def test_an_instant_and_a_span_make_an_instant_only_where_both_are_known(tmp_path: Path) -> None:
    form = descriptor.read(_written(tmp_path, '["opened_ts", "took"]'))
    assert examples.problems(form, [form]) == []


@pytest.mark.parametrize("terms", ['["-opened_ts", "took"]', '["opened_ts", "opened_ts", "took"]', '["opened_day", "took"]'])
def test_sums_of_instants_that_mean_nothing_are_refused(tmp_path: Path, terms: str) -> None:
    with pytest.raises(MappingError):
        descriptor.read(_written(tmp_path, terms))


def _rows(path: Path, format_id: str, table: str, **settings: str) -> list[dict[str, str]]:
    """Return what a file becomes in ``table``; its one format must claim it among all."""
    with ThreadPoolExecutor(1) as compressor:
        member = next(members(path))
        recognised = Detector(shelf.shipped()).recognise(member, settings)[0]
        assert recognised.form.id == format_id
        made = prepare(member, recognised, recognised.form.platform, settings, None, compressor, lambda _: None)
        recognised.close()
    return [row for stretch in made.stretches or () for one in stretch.tables if one.table == table for row in examples.shown_rows(one)]


def test_a_history_keeps_a_figure_that_its_first_week_lacks(tmp_path: Path) -> None:
    weeks = [
        {"firstDate": {"year": 2026, "month": 8, "day": day}, "lastDate": {"year": 2026, "month": 8 + (day > 3), "day": last}}
        for day, last in ((3, 30), (10, 6))
    ]
    answer = {
        "record": {
            "key": {"origin": "https://shop.example"},
            "metrics": {"interaction_to_next_paint": {"percentilesTimeseries": {"p75s": [None, 190]}}},
            "collectionPeriods": weeks,
        }
    }
    path = tmp_path / "history.json"
    path.write_text(json.dumps(answer), encoding="utf-8")
    rows = _rows(path, "crux.history", "page_p75")
    assert [(row["day"], row["last_day"], row["metric"], row["p75"]) for row in rows] == [("2026-08-10", "2026-09-06", "INP", "190.0")]


def test_a_history_without_periods_is_no_history(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    path.write_text('{"record": {"key": {"origin": "a"}, "metrics": {}, "collectionPeriods": {"firstDate": 1}}}', encoding="utf-8")
    with pytest.raises(EcoPerfError):
        _rows(path, "crux.history", "page_p75")

"""Traps of service desks' exports, speed and uptime files, server logs."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from ecoperf_desktop.errors import MappingError
from ecoperf_desktop.importing import descriptor, examples

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

"""Traps of Shopify, WooCommerce and Amazon exports, and the words of the format language that they need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ecoperf_desktop import actions
from ecoperf_desktop.actions import ImportChoices
from ecoperf_desktop.importing import convert
from ecoperf_desktop.importing.text import Cells
from ecoperf_desktop.model.importing import ImportReport
from ecoperf_desktop.store.database import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with actions.workspace(tmp_path / "w.ecoperf", write=True) as opened:
        yield opened


def load(opened: Workspace, *paths: Path, **settings: str) -> ImportReport:
    return actions.apply_import(actions.plan_import(paths, ImportChoices(settings=tuple(settings.items())), opened), opened)


def written(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(("text", "utc"), [
    ("Jun 8, 2025 10:23:05 PM PDT", "2025-06-09T05:23:05"),
    ("Jan 8, 2025 10:23:05 PM PST", "2025-01-09T06:23:05"),
    ("Jan 8, 2025 10:23:05 AM GMT+9", "2025-01-08T01:23:05"),
    ("Jan 8, 2025 10:23:05 AM GMT+00:00", "2025-01-08T10:23:05"),
    ("Jan 8, 2025 10:23:05 AM GMT+05:30", "2025-01-08T04:53:05"),
    ("Jul 8, 2025 10:23:05 AM MESZ", "2025-07-08T08:23:05"),
    ("Jan 8, 2025 10:23:05 AM JST", "2025-01-08T01:23:05"),
])
def test_abbreviated_zones_that_mean_one_offset_are_read(text: str, utc: str) -> None:
    import numpy as np

    ts, _, bad = convert.moment(Cells.of([text]), "Europe/Berlin", formats=["MMM D, YYYY h:mm:ss A Z"])
    assert not bad.any()
    assert str(np.datetime64(int(ts.values[0]), "s")) == utc


@pytest.mark.parametrize("zone", ["EST", "CST", "IST", "XYZ"])
def test_abbreviated_zones_of_several_meanings_are_not_guessed(zone: str) -> None:
    _, _, bad = convert.moment(Cells.of([f"Jan 8, 2025 10:23:05 AM {zone}"]), "Europe/Berlin", formats=["MMM D, YYYY h:mm:ss A Z"])
    assert bad.all()

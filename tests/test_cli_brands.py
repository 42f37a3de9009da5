"""A shop's own names are told once and make searches for it known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ecoperf_desktop import cli
from ecoperf_desktop.store.database import Workspace


def _run(path: Path, *arguments: str) -> int:
    return cli.main(["--workspace", str(path), *arguments])


def test_words_are_kept_small_once_and_whatever_the_commas(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "shop.eco"
    Workspace.open(path, write=True).close()
    assert _run(path, "brands", "--set", "Qimu， 栖木、qimu; Qimu Home") == 0
    assert capsys.readouterr().out.strip() == "qimu, 栖木, qimu home"
    assert _run(path, "brands", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"brand_words": ["qimu", "栖木", "qimu home"]}
    assert _run(path, "brands", "--set", "") == 0
    assert "No brand words" in capsys.readouterr().out

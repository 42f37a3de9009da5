"""What a format's own check says is kept in every language, and shown in the reader's."""

from __future__ import annotations

from pathlib import Path

from test_import_files import HEADER, MAPPING, SETTINGS

from ecoperf_desktop.importing.plan import ImportOptions, apply, plan
from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.importing import no_progress
from ecoperf_desktop.store import ledger
from ecoperf_desktop.store.database import Workspace

CHECK = """
[[check]]
level = "warn"
holds = { above = { qty = 1 } }
message = { en = "single pieces", zh = "有单件订单" }
"""


def test_a_checks_words_follow_the_reader_and_not_the_import(tmp_path: Path) -> None:
    mapping, path = tmp_path / "corner.toml", tmp_path / "lines.csv"
    mapping.write_text(MAPPING + CHECK, encoding="utf-8")
    path.write_text(f"{HEADER}\nA1,2026-03-02 10:00:00,MUG,1,5.25,,\n", encoding="utf-8")
    with Workspace.open(tmp_path / "shop.ecoperf", write=True) as workspace:
        made = plan([path], ImportOptions(mappings=(mapping,), settings=SETTINGS), workspace.answers, no_progress)
        import_id = apply(made, workspace, no_progress).files[0].import_id
        assert import_id is not None
        (finding,) = [one for one in ledger.findings(workspace.conn, import_id) if one.code == "importing.check_says"]
    assert "single pieces" in sentence(finding.code, "en", **finding.details)
    assert "有单件订单" in sentence(finding.code, "zh", **finding.details)

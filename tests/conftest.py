"""What every test starts from: no preferences, no caches, no workspace but its own, and English."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecoperf_desktop import language

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ECOPERF_DATA", str(tmp_path_factory.mktemp("data")))
    monkeypatch.delenv("ECOPERF_WORKSPACE", raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    language.set_language("en")
    yield
    language.set_language("en")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real exports, or skip where it is absent."""
    folder = Path(__file__).resolve().parents[1].parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("the real exports (../shared) are not here")
    return folder

"""The small shop, made once, and a workspace without anything in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import little_shop
import pytest

from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.store.database import Workspace

# Sheets are painted without a screen.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(scope="session")
def shop_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reports") / "shop.ecoperf"
    little_shop.write(path).close()
    return path


@pytest.fixture
def engine(shop_file: Path) -> Iterator[Engine]:
    opened = Workspace.open(shop_file)
    yield little_shop.engine(opened)
    opened.close()


@pytest.fixture
def nothing(tmp_path: Path) -> Iterator[Engine]:
    path = tmp_path / "empty.ecoperf"
    Workspace.open(path, write=True).close()
    opened = Workspace.open(path)
    yield little_shop.engine(opened)
    opened.close()

"""The walls between the rooms, read from the imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "ecoperf_desktop"

GROUND = {"collector", "declarations", "errors", "guide", "language", "paths", "plain", "records", "settings", "faults", "screen", "__init__"}
MAY_IMPORT: dict[str, set[str]] = {
    **dict.fromkeys(GROUND, GROUND),
    "model": GROUND,
    "store": GROUND | {"model"},
    "demo": GROUND | {"model"},
    "importing": GROUND | {"model", "store"},
    "metrics": GROUND | {"model", "store"},
    "analysis": GROUND | {"model", "store", "metrics"},
    "goals": GROUND | {"model", "store", "metrics", "analysis"},
    "meeting": GROUND | {"model", "store", "metrics", "analysis", "goals"},
    "reports": GROUND | {"model", "store", "metrics", "analysis", "goals", "meeting"},
}
BELOW_ACTIONS = set(MAY_IMPORT)
MAY_IMPORT["actions"] = BELOW_ACTIONS
MAY_IMPORT["cli_json"] = BELOW_ACTIONS
MAY_IMPORT["cli"] = BELOW_ACTIONS | {"actions", "cli_json", "ui"}
MAY_IMPORT["ui"] = BELOW_ACTIONS | {"actions"}
MAY_IMPORT["__main__"] = BELOW_ACTIONS | {"cli", "ui"}

NETWORK = {"socket", "ssl", "http", "urllib.request", "ftplib", "smtplib", "requests", "httpx", "aiohttp", "PySide6.QtNetwork", "xmlrpc", "asyncio"}
DANGEROUS = {"pickle", "marshal", "shelve"}

FILES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else path.stem


@cache
def read(path: Path) -> tuple[str | None, tuple[str, ...]]:
    """Return the file's docstring and every imported module, also those inside functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return ast.get_docstring(tree), tuple(_imports(path, tree))


def imports(path: Path) -> tuple[str, ...]:
    return read(path)[1]


def _imports(path: Path, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path.name} imports relatively"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_the_rooms_below_it(path: Path) -> None:
    here = room(path)
    allowed = MAY_IMPORT[here] | {here}
    for module in imports(path):
        if module.startswith("ecoperf_desktop."):
            there = module.split(".")[1]
            if there in MAY_IMPORT:
                assert there in allowed, f"{path.name} reaches into {there}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_qt_lives_in_the_window_and_on_paper_only(path: Path) -> None:
    uses_qt = any(module.split(".")[0] in ("PySide6", "pyqtgraph") for module in imports(path))
    relative = path.relative_to(PACKAGE)
    if uses_qt:
        assert relative.parts[0] == "ui" or relative.as_posix() == "reports/paper.py" or relative.as_posix().startswith("reports/paper/")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_reaches_for_the_network_or_unsafe_readers(path: Path) -> None:
    for module in imports(path):
        assert module not in NETWORK and module.split(".")[0] not in NETWORK - {"urllib.request"}, module
        assert module.split(".")[0] not in DANGEROUS, module


def test_every_file_says_what_it_is_for() -> None:
    for path in FILES:
        assert read(path)[0], path

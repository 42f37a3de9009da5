"""Names that try to be more than text, planted wherever data can bring a name; and a watch for files they would open."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sqlite3
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "reports"))

import little_shop

from ecoperf_desktop.store.database import Workspace

SENTINEL = "sentinel.png"


def payloads(folder: Path) -> list[str]:
    """Return the names; those with addresses name a file in ``folder`` that nobody may open."""
    sentinel = (folder / SENTINEL).as_posix()
    return [
        f'<img src="file://{sentinel}">',
        f"<img src='{sentinel}' onerror=alert(1)>",
        '<img src="file://host.invalid/share/x.png">',
        "\\\\host.invalid\\share\\x.png",
        "<script>alert(1)</script>",
        "<style>*{display:none}</style>",
        f"<body background='{sentinel}'><h1>Total 999,999</h1>",
        "<b>bold</b>",
        "</td></tr></table><h1>forged</h1>",
        '" onmouseover="alert(1)',
        f"![x](file://{sentinel}) **md** [l](http://host.invalid)",
        "{page} {0.__class__} %s %(name)s ${HOME} {{7*7}}",
        "\u202eevil\u202c\u2066x\u2069",
        "nul\ufffd\x01\x7f\x9b31m",
        "\x1b[2J\x1b]0;owned\x07\x1b[31mred",
        "line\nbreak\r\nTOTAL\t1",
        "long " + "W" * 10_000,
        "long2 " + "word " * 2_000,
        "مرحبا بالعالم",
        "👩\u200d👩\u200d👧 🧺",
        "&amp; &lt;b&gt; &#x41; A&B",
        "=HYPERLINK(\"http://host.invalid\",\"x\")",
        "+1+cmd|' /C calc'!A0",
        "@SUM(A1)",
        "-2+3",
        "＝1+1",
        "'; DROP TABLE orders; --",
        "../../pwned",
        "CON",
        "[*] unsaved",
    ]


_NAMED = (
    ("shop", "name"), ("channel", "name"), ("region", "name"), ("location", "name"), ("carrier", "name"), ("category", "name"),
    ("supplier", "name"), ("product", "name"), ("product", "sku"), ("staff", "name"), ("campaign", "name"), ("source", "name"),
    ("imports", "file"), ("imports", "member"), ("imports", "path"),
)  # fmt: skip


def planted_shop(path: Path, folder: Path) -> Path:
    """Make a shop of sixty weeks whose every name is one of the payloads."""
    little_shop.write(path).close()
    names = payloads(folder)
    conn = sqlite3.connect(path, isolation_level=None)
    conn.execute("BEGIN")
    for shift, (table, column) in enumerate(_NAMED):
        rows = [row for (row,) in conn.execute(f'SELECT rowid FROM "{table}" ORDER BY rowid')]
        for place, row in enumerate(rows):
            name = names[(place + 5 * shift) % len(names)]
            conn.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?', (f"{name} {place}" if place else name, row))
    for column, table in (("reason", "refunds"), ("text", "reviews"), ("query", "search_performance"), ("status", "shipments")):
        conn.execute(f'UPDATE "{table}" SET "{column}" = ?', (names[0],))
    conn.execute("UPDATE monitor_days SET target = ?", (names[1],))
    conn.execute(
        "INSERT INTO own_metric VALUES ('hostile_own', ?, ?, 'net_sales / 2', 'money', 'higher', NULL)", (names[0], "\n".join(names[:16]))
    )
    conn.execute("COMMIT")
    conn.close()
    with contextlib.closing(Workspace.open(path, write=True)) as opened, opened.transaction() as inside:
        from ecoperf_desktop.store import sums

        sums.ensure(inside)
    return path


class Opened:
    """The names of files of a folder that were opened, by anyone; Linux only."""

    def __init__(self, folder: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert self._fd >= 0 and self._libc.inotify_add_watch(self._fd, os.fsencode(folder), 0x20 | 0x1) >= 0  # IN_OPEN, IN_ACCESS

    def names(self) -> set[str]:
        """Return what was opened since last asked."""
        found = set()
        with contextlib.suppress(BlockingIOError):
            while content := os.read(self._fd, 65_536):
                place = 0
                while place < len(content):
                    length = struct.unpack_from("iIII", content, place)[3]
                    found.add(content[place + 16 : place + 16 + length].rstrip(b"\0").decode())
                    place += 16 + length
        return found

    def close(self) -> None:
        os.close(self._fd)


@contextlib.contextmanager
def watched(folder: Path) -> Iterator[Opened | None]:
    """Watch a folder with a picture in it that nothing may open; None where the system cannot tell."""
    from PySide6.QtGui import QImage

    picture = QImage(4, 4, QImage.Format.Format_RGB32)
    picture.fill(0xFF00FF)
    assert picture.save(str(folder / SENTINEL))
    if not sys.platform.startswith("linux"):
        yield None
        return
    opened = Opened(folder)
    try:
        yield opened
    finally:
        opened.close()

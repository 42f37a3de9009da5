"""Which fonts the program brings: the same letters on every screen and every sheet.

Whoever draws (window or paper) loads ``files()`` with ``QFontDatabase.addApplicationFont`` before the first text
and asks for ``FAMILIES`` with ``QFont.setFamilies``.  Digits of the Latin family have one width by themselves.
"""

from __future__ import annotations

from pathlib import Path

from ecoperf_desktop import paths

LATIN = "EcoPerf Sans"
CHINESE = "EcoPerf Sans SC"

# The system's Chinese fonts stand behind the bundled ones, for the rare characters of names.
FAMILIES = (LATIN, CHINESE, "Microsoft YaHei UI", "PingFang SC", "Noto Sans CJK SC", "WenQuanYi Micro Hei")


def files() -> list[Path]:
    """Return the bundled font files, the small Latin ones first."""
    return sorted((paths.resources() / "fonts").glob("*.otf"), key=lambda path: (path.stem.startswith("EcoPerfSansSC"), path.name))

"""Whether a window can open here, asked before Qt is loaded: a missing library would end in a traceback."""

from __future__ import annotations

import ctypes.util
import os
import sys

from ecoperf_desktop.language import sentence

# Library, and the Debian package that brings it (Ubuntu 24.04 and Debian 13 name two of them ...t64).
_NEEDED = {
    "GL": "libgl1",
    "EGL": "libegl1",
    "glib-2.0": "libglib2.0-0",
    "dbus-1": "libdbus-1-3",
    "fontconfig": "libfontconfig1",
    "xkbcommon": "libxkbcommon0",
}
_NEEDED_ON_X = {
    "xcb-cursor": "libxcb-cursor0",
    "xkbcommon-x11": "libxkbcommon-x11-0",
    "xcb-icccm": "libxcb-icccm4",
    "xcb-keysyms": "libxcb-keysyms1",
    "xcb-shape": "libxcb-shape0",
}


def is_there() -> bool:
    """Return whether this machine has a screen, or one is pretended on purpose."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.environ.get("QT_QPA_PLATFORM"))


def missing_packages(*, window: bool = True) -> list[str]:
    """Return the Debian packages Qt needs and does not find, none on other systems."""
    if not sys.platform.startswith("linux"):
        return []
    if getattr(sys, "frozen", False):
        # The bundle brings everything but the graphics driver's own libraries.
        needed = {name: _NEEDED[name] for name in ("GL", "EGL")}
    else:
        needed = dict(_NEEDED)
    if window and os.environ.get("DISPLAY") and not os.environ.get("QT_QPA_PLATFORM") and not getattr(sys, "frozen", False):
        needed |= _NEEDED_ON_X
    return [package for library, package in needed.items() if ctypes.util.find_library(library) is None]


def why_not() -> str | None:
    """Return one sentence on why no window can open here and what to do, or None when one can."""
    missing = missing_packages()
    if missing:
        return sentence("cli.missing_packages", line="sudo apt-get install -y --no-install-recommends " + " ".join(missing))
    if not is_there():
        return sentence("cli.no_screen")
    return None

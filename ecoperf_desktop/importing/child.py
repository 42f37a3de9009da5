"""How the program starts itself again as one of its reading processes."""

from __future__ import annotations

import subprocess
import sys
from typing import IO

READ_WORKBOOK = "--read-workbook"
READ_TEXT = "--read-text"
# What the frozen program is started with, and the module that does the same in a checkout.
_MODULES = {READ_WORKBOOK: "ecoperf_desktop.importing.workbook_child", READ_TEXT: "ecoperf_desktop.importing.apart_child"}


def started(argument: str) -> subprocess.Popen[bytes]:
    """Start a reading process with pipes to and from it; what it writes to its error output is not kept."""
    return subprocess.Popen(
        command(argument),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def command(argument: str) -> list[str]:
    """Return what starts the process, in a checkout, installed or frozen."""
    if getattr(sys, "frozen", False):
        return [sys.executable, argument]
    return [sys.executable, "-X", "utf8", "-m", _MODULES[argument]]


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and close what leads to it."""
    process.kill()
    process.wait()
    streams: tuple[IO[bytes] | None, ...] = (process.stdin, process.stdout)
    for stream in streams:
        try:
            if stream is not None:
                stream.close()
        except OSError:
            pass

"""How the program starts itself again as one of its reading processes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from typing import IO

_LOOKS_EVERY = 0.25  # seconds

READ_WORKBOOK = "--read-workbook"
READ_TEXT = "--read-text"
# What the frozen program is started with, and the module that does the same in a checkout.
_MODULES = {READ_WORKBOOK: "ecoperf_desktop.importing.workbook_child", READ_TEXT: "ecoperf_desktop.importing.apart_child"}


def started(argument: str) -> subprocess.Popen[bytes]:
    """Start a reading process with pipes to and from it; what it writes to its error output is not kept.

    It is in a group of its own: Ctrl-C in a terminal is for the one that started it, which ends it.
    """
    return subprocess.Popen(
        command(argument),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        process_group=None if os.name == "nt" else 0,
    )


def end_with_starter() -> None:
    """Have this reading process end soon after the one that started it has, whatever it is about then.

    Where there are pipes only (Windows) it ends when it next reads or writes.
    """
    if os.name == "nt":
        return
    starter = os.getppid()
    threading.Thread(target=_watch, args=(starter,), name="starter", daemon=True).start()


def _watch(starter: int) -> None:
    while os.getppid() == starter:
        time.sleep(_LOOKS_EVERY)
    os._exit(1)


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

"""Bugs: a log the person can send, without a single cell of their data."""

from __future__ import annotations

import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

from ecoperf_desktop import __version__, paths


def record(problem: BaseException | None = None) -> Path:
    """Append the traceback of ``problem`` (or the current exception) to the log and return its path.

    Only file, line and function of each frame and the exception's class are written: the
    exception's text may quote data.
    """
    problem = problem or sys.exc_info()[1]
    folder = paths.log_dir()
    log = folder / "faults.log"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if log.exists() and log.stat().st_size > 1_000_000:
            log.replace(log.with_suffix(".1.log"))
        with log.open("a", encoding="utf-8") as stream:
            print(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z EcoPerf {__version__} Python {sys.version.split()[0]}", file=stream)
            for frame in traceback.extract_tb(problem.__traceback__ if problem else None):
                print(f"  {frame.filename}:{frame.lineno} {frame.name}", file=stream)
            print(f"  {type(problem).__name__}", file=stream)
    except OSError:
        pass
    return log

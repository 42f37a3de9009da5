"""The process that reads one long text for another: see ``apart``."""

from __future__ import annotations

import os
import sys
import traceback
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing import child, wire
from ecoperf_desktop.importing.container import text_member
from ecoperf_desktop.importing.descriptor import Format, read_all
from ecoperf_desktop.importing.detect import Detector
from ecoperf_desktop.importing.prepare import (
    Prepared,
    RawChunks,
    ReadAgain,
    begin,
    findings_of,
    recognised_as,
)
from ecoperf_desktop.importing.shelf import shipped
from ecoperf_desktop.model.finding import Finding
from ecoperf_desktop.model.importing import Answers

# Blocks whose text is still being compressed while reading goes on.
_COMPRESSED_AT_ONCE = 2


def main() -> int:
    """Read one job from standard input, and say on standard output what its file gives."""
    child.end_with_starter()
    sink: BinaryIO = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing printed by mistake gets between
    try:
        job, _ = wire.receive(sys.stdin.buffer)
        _read(job, sink)
    except wire.Torn:
        return 0  # not needed after all
    except FileRefused as problem:
        findings = _said(findings_of(problem)[1:])
        wire.send(sink, {"kind": "refused", "code": problem.code, "details": problem.details, "findings": findings})
    except ReadAgain:
        return 1  # the file has to be read another way: the end without a word says so
    except (BrokenPipeError, KeyboardInterrupt):
        return 1
    except Exception:
        wire.send(sink, {"kind": "failed", "trace": traceback.format_exc()})
    return 0


def _read(job: wire.Said, sink: BinaryIO) -> None:
    form = _format(job["format"], [Path(path) for path in job["mappings"]])
    member = text_member(Path(job["path"]), sha256=job["sha256"], size=job["size"], mtime=job["mtime"])
    (recognised,) = Detector([form]).recognise(member, job["settings"], form)
    known = None if job["known"] is None else Answers(**job["known"])
    made = begin(member, recognised, job["source"], job["settings"], known)
    recognition = None if made is None else recognised_as(recognised)
    wire.send(sink, {"kind": "begun", "recognised": recognition, **(_decided(made) if made else {})})
    if made is None:
        return
    waiting: deque[RawChunks] = deque()
    for stretch in made.stream(lambda size: None):
        waiting.extend(stretch.raw)
        ready = []
        while len(waiting) > _COMPRESSED_AT_ONCE:
            ready += waiting.popleft()()
        said, buffers = wire.described(stretch.tables, ready)
        wire.send(sink, {"kind": "piece", "size": stretch.size, **said}, buffers)
    said, buffers = wire.described([], [chunk for chunks in waiting for chunk in chunks()])
    wire.send(sink, {"kind": "piece", "size": 0, **said}, buffers)
    wire.send(sink, {
        "kind": "whole", **_decided(made), "read": made.read, "dropped": made.dropped, "rejected": made.rejected,
        "findings": _said(made.findings), "tables": made.tables, "covers": made.covers,
    })


def _decided(made: Prepared) -> wire.Said:
    return {"currency": made.head.answers.currency, "newest": made.newest}


def _format(wanted: str, mappings: Sequence[Path]) -> Format:
    formats = shipped().with_given(read_all(mappings) if mappings else [])
    ids = [outlined.id for outlined in formats.outlines]
    if wanted not in ids:
        raise ReadAgain  # its file changed meanwhile
    return formats[ids.index(wanted)]


def _said(findings: Sequence[Finding]) -> list[dict[str, object]]:
    return [
        {"code": one.code, "severity": one.severity, "record": one.record, "line": one.line, "column": one.column, "details": one.details}
        for one in findings
    ]


if __name__ == "__main__":
    sys.exit(main())

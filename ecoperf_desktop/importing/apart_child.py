"""The process that reads one long text for another: see ``apart``."""

from __future__ import annotations

import os
import pickle
import sys
import traceback
from collections import deque
from collections.abc import Callable
from typing import BinaryIO

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing.apart import Begun, Failed, Job, Piece, Refused, Whole
from ecoperf_desktop.importing.detect import Detector
from ecoperf_desktop.importing.prepare import FOUND_AT_THE_END, RawChunks, ReadAgain, begin, findings_of

# Blocks whose text is still being compressed while reading goes on.
_COMPRESSED_AT_ONCE = 2


def main() -> int:
    """Read one job from standard input, and say on standard output what its file gives."""
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing printed by mistake gets between
    try:
        job = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by this program
        _read(job, lambda said: _say(sink, said))
    except EOFError:
        return 0  # not needed after all
    except FileRefused as problem:
        _say(sink, Refused(problem.code, problem.details, findings_of(problem)[1:]))
    except ReadAgain:
        return 1  # the file has to be read another way: the end without a word says so
    except (BrokenPipeError, KeyboardInterrupt):
        return 1
    except Exception:
        _say(sink, Failed(traceback.format_exc()))
    return 0


def _read(job: Job, say: Callable[[object], None]) -> None:
    (recognised,) = Detector([job.form]).recognise(job.member, job.settings, job.form)
    made = begin(job.member, recognised, job.source, job.settings, job.known)
    say(Begun(None if made is None else made.head))
    if made is None:
        return
    waiting: deque[RawChunks] = deque()
    for stretch in made.stream(lambda size: None):
        waiting.extend(stretch.raw)
        ready = []
        while len(waiting) > _COMPRESSED_AT_ONCE:
            ready += waiting.popleft()()
        say(Piece(stretch.tables, stretch.size, ready))
    say(Piece([], 0, [chunk for chunks in waiting for chunk in chunks()]))
    say(Whole({name: getattr(made, name) for name in FOUND_AT_THE_END}))


def _say(sink: BinaryIO, said: object) -> None:
    pickle.dump(said, sink, pickle.HIGHEST_PROTOCOL)
    sink.flush()


if __name__ == "__main__":
    sys.exit(main())

"""A long text read in a process of its own, so that reading it and storing it use a processor each.

To the child goes one frame (``wire``) with the job; from it come ``begun``, then ``piece`` after ``piece``, and at last
``whole``, ``refused`` or ``failed``.  A child that ends without one of these has left nothing behind: the caller reads the file itself.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing import child, limits
from ecoperf_desktop.model.finding import Finding

if TYPE_CHECKING:
    import subprocess

    from ecoperf_desktop.importing.raw import Chunk
    from ecoperf_desktop.importing.wire import Said
    from ecoperf_desktop.model.columns import Asserted

# Below this a process costs more than it saves.
WORTH_IT = 24 * limits.MIB


@dataclass(frozen=True)
class Begun:
    """What the file's beginning decided; None for the whole when all of it has to be read before anything is known."""

    currency: str | None
    newest: int | None


@dataclass(frozen=True)
class Piece:
    """Rows of one block, and the compressed texts that are ready by now, be they of this block or an earlier one."""

    tables: list[Asserted]
    size: int
    chunks: list[Chunk]


@dataclass(frozen=True)
class Whole:
    """What is known at the end, as ``Prepared`` names it."""

    begun: Begun
    read: int
    dropped: dict[str, int]
    rejected: int
    findings: list[Finding]
    tables: dict[str, int]
    covers: dict[str, tuple[int, int]]


class Ended(Exception):
    """The process cannot go on, or the file has to be read another way."""


class RefusedApart(FileRefused):
    """A refusal by the reading process, with the findings which led to it."""

    def __init__(self, code: str, details: Mapping[str, object], findings: Sequence[Finding]) -> None:
        super().__init__(code, **details)
        self.findings = tuple(findings)


def worth_it(paths: Sequence[Path]) -> bool:
    """Say whether this is one file long enough to be read apart."""
    try:
        return len(paths) == 1 and paths[0].is_file() and paths[0].stat().st_size >= WORTH_IT
    except OSError:
        return False


class ReadingProcess:
    """The process, started before it is needed, for one file.  Use it in a ``with``.

    ``mappings`` are the descriptors given for this import.  ``has_read`` says that it read the file to its end.
    """

    def __init__(self, mappings: Sequence[Path] = ()) -> None:
        self.has_read = False
        self._mappings = mappings
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._process = child.started(child.READ_TEXT)
        except OSError:
            pass  # no process to be had: the file is read here

    def __enter__(self) -> ReadingProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            child.end(self._process)
            self._process = None

    def begin(self, job: Mapping[str, object], as_here: Mapping[str, object]) -> Begun | None:
        """Have the file begun; None when all of it has to be read first.

        ``as_here`` is how the file was recognised here, which has to be how it is recognised there.  Raises
        FileRefused like ``prepare.begin``, and Ended when the process cannot do it.
        """
        from ecoperf_desktop.importing import wire

        if self._process is None or self._process.stdin is None:
            raise Ended
        try:
            wire.send(self._process.stdin, {**job, "mappings": [str(path.absolute()) for path in self._mappings]})  # type: ignore[arg-type]
            self._process.stdin.close()
        except OSError:
            raise Ended from None
        said, _ = self._next("begun")
        if said["recognised"] is not None and said["recognised"] != dict(as_here):
            raise Ended
        return None if said["recognised"] is None else Begun(said["currency"], said["newest"])

    def stream(self, tick: Callable[[int], None]) -> Generator[Piece, None, Whole]:
        """Yield the pieces, then return what the file is; raises FileRefused, and Ended like ``begin``."""
        from ecoperf_desktop.importing import wire

        try:
            while (frame := self._next("piece", "whole"))[0]["kind"] == "piece":
                said, content = frame
                with _no_torn_frames():
                    tables, chunks = wire.rebuilt(said, content)
                tick(said["size"])
                yield Piece(tables, said["size"], chunks)
            said, _ = frame
            self.has_read = True
            return Whole(
                Begun(said["currency"], said["newest"]), said["read"], said["dropped"], said["rejected"], _findings(said["findings"]),
                said["tables"], {kind: (first, last) for kind, (first, last) in said["covers"].items()},
            )
        finally:
            self.close()

    def _next(self, *kinds: str) -> tuple[Said, bytes]:
        from ecoperf_desktop.importing import wire

        if self._process is None or self._process.stdout is None:
            raise Ended
        with _no_torn_frames():
            said, content = wire.receive(self._process.stdout)  # type: ignore[arg-type]
        if said["kind"] == "refused":
            raise RefusedApart(said["code"], said["details"], _findings(said["findings"]))
        if said["kind"] == "failed":
            raise RuntimeError(said["trace"])
        if said["kind"] not in kinds:
            raise Ended
        return said, content


@contextmanager
def _no_torn_frames() -> Iterator[None]:
    from ecoperf_desktop.importing import wire

    try:
        yield
    except wire.Torn:
        raise Ended from None


def _findings(said: Sequence[Said]) -> list[Finding]:
    return [Finding(**one) for one in said]

"""A disk that loses its power: what strace saw of a piece of work, replayed up to any call, with what was not synced yet lost or torn.

Until its file is synced a write may be there, be missing, or be there as far as some sector, whatever became of the ones before;
names (making, renaming, linking, removing) reach the disk in their order, but none of them before its folder is synced for certain.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

TRACED = "openat,lseek,write,pwrite64,writev,ftruncate,fallocate,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,sendfile,copy_file_range,close,mkdir"
_SECTOR = 512


@dataclass(frozen=True)
class Call:
    """One call: ``kind`` is write, cut, sync, sync_folder, make, rename, link or remove; ``file`` and ``other`` are paths."""

    kind: str
    file: str
    other: str = ""
    offset: int = 0
    content: bytes = b""


@dataclass
class _Inode:
    durable: bytes = b""
    pending: list[Call] = field(default_factory=list)


class Disk:
    """Files below one folder, as they are and as they would be after a power cut."""

    def __init__(self, seed: Path, live: Path) -> None:
        self._live = live
        self._inodes: list[_Inode] = []
        self._durable: dict[str, int] = {}
        for path in sorted(seed.rglob("*")):
            if path.is_file():
                self._durable[str(live / path.relative_to(seed))] = len(self._inodes)
                self._inodes.append(_Inode(path.read_bytes()))
        self._names = dict(self._durable)
        self._waiting: list[tuple[str, dict[str, int]]] = []  # folder, and the names after a change in it

    def apply(self, call: Call) -> None:
        match call.kind:
            case "write" | "cut":
                self._inodes[self._names[call.file]].pending.append(call)
            case "sync":
                inode = self._inodes[self._names[call.file]]
                for pending in inode.pending:
                    inode.durable = _written(inode.durable, pending)
                inode.pending.clear()
            case "sync_folder":
                # What went before in other folders is in the same journal.
                last = max((number for number, (folder, _) in enumerate(self._waiting) if folder == call.file), default=-1)
                if last >= 0:
                    self._durable = self._waiting[last][1]
                    del self._waiting[: last + 1]
            case "make":
                if call.file not in self._names:
                    self._inodes.append(_Inode())
                    self._rename({**self._names, call.file: len(self._inodes) - 1}, call.file)
            case "link":
                self._rename({**self._names, call.other: self._names[call.file]}, call.other)
            case "rename":
                names = dict(self._names)
                names[call.other] = names.pop(call.file)
                self._rename(names, call.other)
            case "remove":
                self._rename({name: inode for name, inode in self._names.items() if name != call.file}, call.file)

    def _rename(self, names: dict[str, int], changed: str) -> None:
        self._names = names
        self._waiting.append((changed.rpartition("/")[0], names))

    def after_power_cut(self, chance: random.Random, way: str) -> dict[str, bytes]:
        """Return the files by path; ``way`` is ``lost`` (nothing that waits was written), ``all``, or ``mixed``."""
        if way == "mixed":
            seen = [self._durable, *(names for _, names in self._waiting)]
            names = chance.choice(seen)
        else:
            names = self._names if way == "all" else self._durable
        return {name: self._left(self._inodes[inode], chance, way) for name, inode in names.items() if not name.endswith("-shm")}

    def _left(self, inode: _Inode, chance: random.Random, way: str) -> bytes:
        content = inode.durable
        if way == "lost":
            return content
        for pending in inode.pending:
            if way == "mixed":
                fate = chance.randrange(3)
                if fate == 0:
                    continue
                if fate == 1 and pending.kind == "write" and len(pending.content) > _SECTOR:
                    cut = _SECTOR * chance.randrange(1, -(-len(pending.content) // _SECTOR))
                    pending = Call("write", pending.file, offset=pending.offset, content=pending.content[:cut])
            content = _written(content, pending)
        return content


def _written(content: bytes, call: Call) -> bytes:
    if call.kind == "cut":
        return content[: call.offset].ljust(call.offset, b"\0")
    before = content[: call.offset].ljust(call.offset, b"\0")
    return before + call.content + content[call.offset + len(call.content) :]


_LINE = re.compile(r"^(\d+) +(.*)$")
_RESUMED = re.compile(r"^<\.\.\. (\w+) resumed>(.*)$")
_ENDED = re.compile(r"^(.*)\) += ([^=]*)$")
_DESCRIPTOR = re.compile(r"^(\d+)<([^>]*)>$")


def calls(log: str, live: Path) -> list[Call]:
    """Read strace's log (``-f -y -xx``) of one process: the calls on files below ``live`` that went well, in the order they ended."""
    found: list[Call] = []
    reader = _Reader(live, found)
    unfinished: dict[str, str] = {}
    for line in log.splitlines():
        matched = _LINE.match(line)
        if matched is None:
            continue
        pid, text = matched.groups()
        if text.endswith(" <unfinished ...>"):
            unfinished[pid] = text.removesuffix(" <unfinished ...>")
            continue
        resumed = _RESUMED.match(text)
        if resumed is not None:
            text = unfinished.pop(pid) + resumed[2]
        reader.read(text)
    return found


class _Reader:
    def __init__(self, live: Path, found: list[Call]) -> None:
        self._live, self._found = str(live), found
        self._position: dict[int, int] = {}
        self._appends: set[int] = set()
        self._size: dict[str, int] = {}

    def read(self, text: str) -> None:
        name, _, rest = text.partition("(")
        matched = _ENDED.match(rest)  # short calls are padded
        if matched is None or matched[2].startswith(("-1", "?")):
            return
        inside, result = matched.groups()
        given = list(_arguments(inside))
        getattr(self, f"_{name}", lambda *_: None)(given, result)

    def _ours(self, path: str) -> bool:
        return path.startswith(self._live + "/")

    def _openat(self, given: list[str], result: str) -> None:
        descriptor, path = _descriptor(result.split(" ")[0])
        self._position[descriptor] = 0
        self._appends.discard(descriptor)
        if not self._ours(path):
            return
        if "O_CREAT" in given[2]:
            self._found.append(Call("make", path))
        if "O_TRUNC" in given[2]:
            self._found.append(Call("cut", path, offset=0))
            self._size[path] = 0
        if "O_APPEND" in given[2]:
            self._appends.add(descriptor)

    def _lseek(self, given: list[str], result: str) -> None:
        self._position[_descriptor(given[0])[0]] = int(result.split(" ")[0])

    def _write(self, given: list[str], result: str) -> None:
        descriptor, path = _descriptor(given[0])
        written = int(result.split(" ")[0])
        if not self._ours(path):
            return
        if descriptor in self._appends:
            self._position[descriptor] = self._size.get(path, 0)
        self._wrote(path, self._position.get(descriptor, 0), _bytes(given[1])[:written])
        self._position[descriptor] = self._position.get(descriptor, 0) + written

    def _pwrite64(self, given: list[str], result: str) -> None:
        _, path = _descriptor(given[0])
        if self._ours(path):
            self._wrote(path, int(given[3]), _bytes(given[1])[: int(result.split(" ")[0])])

    def _wrote(self, path: str, offset: int, content: bytes) -> None:
        self._found.append(Call("write", path, offset=offset, content=content))
        self._size[path] = max(self._size.get(path, 0), offset + len(content))

    def _sendfile(self, given: list[str], result: str) -> None:
        raise NotImplementedError(f"a file copied by the system: {given}")

    _copy_file_range = _sendfile
    _writev = _sendfile

    def _ftruncate(self, given: list[str], result: str) -> None:
        _, path = _descriptor(given[0])
        if self._ours(path):
            self._found.append(Call("cut", path, offset=int(given[1])))
            self._size[path] = int(given[1])

    def _fsync(self, given: list[str], result: str) -> None:
        _, path = _descriptor(given[0])
        if self._ours(path):
            self._found.append(Call("sync_folder" if Path(path).is_dir() else "sync", path))

    _fdatasync = _fsync

    def _rename(self, given: list[str], result: str) -> None:
        paths = [_bytes(one).decode() for one in given if one.startswith('"')]
        if self._ours(paths[0]):
            self._found.append(Call("rename", paths[0], paths[1]))

    _renameat = _renameat2 = _rename

    def _link(self, given: list[str], result: str) -> None:
        paths = [_bytes(one).decode() for one in given if one.startswith('"')]
        if self._ours(paths[0]):
            self._found.append(Call("link", paths[0], paths[1]))

    _linkat = _link

    def _unlink(self, given: list[str], result: str) -> None:
        path = next(_bytes(one).decode() for one in given if one.startswith('"'))
        if self._ours(path) and "AT_REMOVEDIR" not in given:
            self._found.append(Call("remove", path))

    _unlinkat = _unlink


def _arguments(inside: str) -> Iterator[str]:
    """Split at commas that stand in no quotes and no brackets."""
    start, depth, quoted = 0, 0, False
    for place, sign in enumerate(inside):
        if sign == '"':
            quoted = not quoted
        elif not quoted and sign in "[{<":
            depth += 1
        elif not quoted and sign in "]}>":
            depth -= 1
        elif sign == "," and not quoted and not depth:
            yield inside[start:place].strip()
            start = place + 1
    yield inside[start:].strip()


def _descriptor(text: str) -> tuple[int, str]:
    matched = _DESCRIPTOR.match(text)
    if matched is None:
        return int(text), ""
    return int(matched[1]), _bytes(matched[2]).decode() if matched[2].startswith("\\x") else matched[2]


def _bytes(quoted: str) -> bytes:
    return bytes.fromhex(quoted.strip('"').replace("\\x", ""))

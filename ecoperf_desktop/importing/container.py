"""What a file is, told by its bytes: text, a workbook, JSON, a web page, an archive of these, or none of them."""

from __future__ import annotations

import calendar
import hashlib
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing import limits
from ecoperf_desktop.importing.zero_bytes import wide_form

Kind = Literal["text", "workbook", "json", "html", "other"]

_CHUNK = 1 << 20
_OPENING = 64 * limits.KIB
_KEPT_MEMBER = 1 * limits.MIB
_KEPT_TOTAL = 64 * limits.MIB
_LINK = 0o120000
_DEVICE = re.compile(r"^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE)
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff", b"\xff\xfe", b"\xfe\xff")

# What zipfile raises for broken or made-up bytes: also of names that are no text, odd methods and sizes beyond all bounds.
BROKEN_ARCHIVE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError,
)  # fmt: skip

# What starts like this is known and is no table: bytes, and the sentence that says so.
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "reading.picture"),
    (b"\xff\xd8\xff", "reading.picture"),
    (b"GIF8", "reading.picture"),
    (b"BM", "reading.picture"),
    (b"II*\x00", "reading.picture"),
    (b"MM\x00*", "reading.picture"),
    (b"RIFF", "reading.media"),
    (b"OggS", "reading.media"),
    (b"ID3", "reading.media"),
    (b"%PDF-", "reading.pdf"),
    (b"{\\rtf", "reading.office_document"),
    (b"SQLite format 3\x00", "reading.database"),
    (b"PAR1", "reading.database"),
    (b"MZ", "reading.binary"),
    (b"\x7fELF", "reading.binary"),
    (b"\x80\x02", "reading.binary"),
    (b"\x80\x03", "reading.binary"),
    (b"\x80\x04", "reading.binary"),
    (b"\x80\x05", "reading.binary"),
)
_PACKED = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)


@dataclass(frozen=True)
class Member:
    """One file, or one file inside an archive.

    ``mtime`` is UTC seconds; that of an archive's member is what the archive says, read as
    UTC.  ``form`` says which workbook it is (``xlsx``, ``xls``, ``xlsb``, ``ods``), empty otherwise.
    ``problem`` is why it cannot be read, for every ``other``; ``damaged`` is True when it
    looks like an export that is broken or hostile rather than like something else altogether.
    ``opening`` are its first bytes, at most 64 kB.
    """

    path: Path
    member: str | None
    sha256: str
    size: int
    mtime: int
    kind: Kind
    opening: bytes
    form: str = ""
    problem: FileRefused | None = None
    damaged: bool = False
    _index: int | None = field(default=None, repr=False)
    _content: bytes | None = field(default=None, repr=False)
    _seen: tuple[int, int] = (0, 0)

    @property
    def name(self) -> str:
        """Return the file's own name, or that of the archive's member without its folders."""
        return as_text(self.path.name if self.member is None else self.member.rsplit("/", 1)[-1])

    @contextmanager
    def stream(self) -> Iterator[BinaryIO]:
        """Open the bytes for reading from the start; raise FileRefused when they cannot be read."""
        try:
            if self._content is not None:
                yield io.BytesIO(self._content)
            elif self._index is None:
                with self.path.open("rb") as stream:
                    yield stream
            else:
                with ExitStack() as held:
                    try:
                        archive = held.enter_context(zipfile.ZipFile(self.path))
                        inner = held.enter_context(archive.open(archive.infolist()[self._index]))
                    except BROKEN_ARCHIVE as problem:
                        raise FileRefused("reading.damaged_zip", file=as_text(self.path.name)) from problem
                    yield inner  # type: ignore[misc]
        except OSError as problem:
            raise FileRefused(
                "reading.unreadable", file=self.name, reason=problem.strerror or ""
            ) from problem
        except (zipfile.BadZipFile, zlib.error, EOFError) as problem:
            # Not all of BROKEN_ARCHIVE: what whoever reads does wrong comes by here too.
            raise FileRefused("reading.damaged_zip", file=as_text(self.path.name)) from problem

    def read(self, most: int) -> bytes:
        """Return all bytes; raise FileRefused when there are more than ``most``."""
        if self.size > most:
            raise FileRefused(
                "reading.too_big", file=self.name, size=limits.shown(self.size), limit=limits.shown(most)
            )
        with self.stream() as stream:
            return stream.read(most + 1)

    def unchanged(self) -> bool:
        """Return whether size and time of the file on disk are still those seen when it was opened first."""
        try:
            stat = self.path.stat()
        except OSError:
            return False
        return (stat.st_size, stat.st_mtime_ns) == self._seen


def as_text(name: Path | str) -> str:
    """Return a name or path as text that can be shown and stored: bytes of it that are no text stand as ``\\udce9``."""
    return str(name).encode("utf-8", "backslashreplace").decode("utf-8")


def text_member(path: Path, *, sha256: str, size: int, mtime: int) -> Member:
    """Return a file that is known to be a text, without reading it all again."""
    with path.open("rb") as stream:
        return Member(path, None, sha256, size, mtime, "text", stream.read(_OPENING))


def members(path: Path) -> Iterator[Member]:
    """Yield what ``path`` holds: itself, or each file of an archive in the archive's order.

    What cannot be read is yielded as ``other`` with its ``problem``; nothing is raised for
    the content of a file.  Raises FileRefused when the file itself cannot be opened.
    """
    try:
        stat = path.stat()
        with path.open("rb") as stream:
            opening = stream.read(_OPENING)
            seen = (stat.st_size, stat.st_mtime_ns)
            if (
                opening[:4] in (b"PK\x03\x04", b"PK\x05\x06")
                or zipfile.is_zipfile(stream)
                and opening[:2] == b"PK"
            ):
                yield from _zipped(path, stream, opening, seen)
                return
            yield _single(path, stream, opening, seen)
    except OSError as problem:
        raise FileRefused(
            "reading.unreadable", file=as_text(path.name), reason=problem.strerror or str(problem)
        ) from problem


def _single(path: Path, stream: BinaryIO, opening: bytes, seen: tuple[int, int], form: str = "") -> Member:
    size, mtime = seen[0], seen[1] // 1_000_000_000
    kind, problem, damaged, found = _told(as_text(path.name), opening, size)
    if kind == "other" and size > limits.TEXT_FILE:
        digest = ""  # refused at once, whatever it is: reading it all would take minutes
    else:
        digest = _digest(stream)
    return Member(path, None, digest, size, mtime, kind, opening, form or found, problem, damaged, _seen=seen)


def _digest(stream: BinaryIO) -> str:
    stream.seek(0)
    sha = hashlib.sha256()
    while piece := stream.read(_CHUNK):
        sha.update(piece)
    return sha.hexdigest()


def _told(name: str, opening: bytes, size: int) -> tuple[Kind, FileRefused | None, bool, str]:
    """Return kind, problem, whether it is a damaged export, and the form of a workbook."""
    lower = name.lower()
    if size == 0 or (size <= 4 and opening in _BOMS):
        return "other", FileRefused("reading.empty", file=name), True, ""
    for signature, packing in _PACKED:
        if opening.startswith(signature):
            return "other", FileRefused("reading.packed", file=name, packing=packing), False, ""
    for signature, code in _SIGNATURES:
        if opening.startswith(signature) and (
            len(signature) > 4 or b"\0" in opening or not opening.isascii()
        ):
            return "other", FileRefused(code, file=name), False, ""
    if opening.startswith(b"\xd0\xcf\x11\xe0"):
        return _compound(name, size)
    text = _peeked(opening)
    if text is None:
        return "other", FileRefused("reading.binary", file=name), False, ""
    head = text.lstrip("\ufeff \t\r\n\f\v")
    if not head and size <= len(opening):
        return "other", FileRefused("reading.blank", file=name), True, ""
    if size > limits.TEXT_FILE:
        return "other", _too_big(name, size, limits.TEXT_FILE), True, ""
    if head.startswith("<"):
        return _marked_up(name, head, size)
    if _is_json(head) or lower.endswith((".json", ".jsonl", ".ndjson")):
        return "json", None, False, ""
    return "text", None, False, ""


def _too_big(name: str, size: int, limit: int) -> FileRefused:
    return FileRefused("reading.too_big", file=name, size=limits.shown(size), limit=limits.shown(limit))


def _compound(name: str, size: int) -> tuple[Kind, FileRefused | None, bool, str]:
    if size > limits.WORKBOOK_PACKED:
        return "other", _too_big(name, size, limits.WORKBOOK_PACKED), True, ""
    return "workbook", None, False, "xls"


def _peeked(opening: bytes) -> str | None:
    """Return the opening as text, roughly decoded; None when it is binary."""
    for bom, encoding in zip(
        _BOMS, ("utf-8", "utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be"), strict=True
    ):
        if opening.startswith(bom):
            return opening.decode(encoding, "replace")
    if b"\0" in opening:
        if wide := wide_form(opening):
            return opening.decode(wide, "replace")
        if opening.count(0) > max(2, len(opening) // 50):
            return None
    if b"\x1b$)C" in opening:  # Korean in seven bits, which shifts with control signs
        return opening.decode("iso2022_kr", "replace")
    odd_ones = len(opening.translate(None, _PRINTABLE))
    if odd_ones * 20 > len(opening):
        return None
    return opening.decode("latin-1")


_PRINTABLE = bytes(set(range(256)) - (set(range(32)) - {0, 9, 10, 11, 12, 13, 26, 27, 30, 31}))


def _is_json(head: str) -> bool:
    return bool(
        re.match(r'(\{\s*["}]|\[\s*(\{|\[|\]|"[^"\n]*"\s*[,\]]|-?\d+(\.\d+)?\s*[,\]]|true|false|null))', head)
    ) or head.rstrip() in ("{", "[")


def _marked_up(name: str, head: str, size: int) -> tuple[Kind, FileRefused | None, bool, str]:
    lower = head.lower()
    if "<table" in lower or "<html" in lower[:4096] or lower.startswith("<!doctype html"):
        if size > limits.HTML_FILE:
            return "other", _too_big(name, size, limits.HTML_FILE), True, ""
        if "<table" not in lower and size <= _OPENING:
            return "other", FileRefused("reading.web_page", file=name), False, ""
        return "html", None, False, ""
    if re.match(r"<(\?xml|[a-z][\w:.-]*[\s>/])", lower):
        return "other", FileRefused("reading.xml", file=name), False, ""
    return "text", None, False, ""


def _zipped(path: Path, stream: BinaryIO, opening: bytes, seen: tuple[int, int]) -> Iterator[Member]:
    """Yield the workbook that the zip is, or its members."""
    name, size, mtime = as_text(path.name), seen[0], seen[1] // 1_000_000_000

    def refused(problem: FileRefused, form: str = "") -> Member:
        kind: Kind = "other"
        return Member(
            path, None, _digest(stream), size, mtime, kind, opening, form, problem, True, _seen=seen
        )

    looks_like_workbook = b"[Content_Types].xml" in opening[:4096] or name.lower().endswith(
        (".xlsx", ".xlsm", ".xlsb", ".ods")
    )
    try:
        archive = zipfile.ZipFile(path)
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        struct.error,
        ValueError,
        NotImplementedError,
        OverflowError,
    ):
        code = "reading.damaged_workbook" if looks_like_workbook else "reading.damaged_zip"
        yield refused(FileRefused(code, file=name))
        return
    with archive:
        infos = archive.infolist()
        names = {info.filename for info in infos}
        form = workbook_form(archive, names)
        try:
            check_archive(name, stream, archive, workbook=bool(form))
        except FileRefused as problem:
            yield refused(problem, form)
            return
        if form:
            yield Member(path, None, _digest(stream), size, mtime, "workbook", opening, form, _seen=seen)
            return
        if any(entry.startswith(("word/", "ppt/")) for entry in names):
            document = FileRefused("reading.office_document", file=name)
            yield Member(
                path, None, _digest(stream), size, mtime, "other", opening, "", document, False, _seen=seen
            )
            return
        files = [
            (index, info)
            for index, info in enumerate(infos)
            if not info.is_dir() and not _is_litter(info.filename)
        ]
        if not files:
            yield refused(FileRefused("reading.empty_zip", file=name))
            return
        budget = _KEPT_TOTAL
        for index, info in files:
            member = _inner(path, archive, index, info, seen, budget)
            budget -= len(member._content or b"")
            yield member


def _is_litter(name: str) -> bool:
    """Return whether the member is what macOS and Windows leave in archives."""
    last = name.rsplit("/", 1)[-1]
    return name.startswith("__MACOSX/") or last in (".DS_Store", "Thumbs.db", "desktop.ini")


def _inner(
    path: Path,
    archive: zipfile.ZipFile,
    index: int,
    info: zipfile.ZipInfo,
    seen: tuple[int, int],
    budget: int,
) -> Member:
    name = member_name(info)
    mtime = (
        calendar.timegm((*info.date_time, 0, 1, -1))
        if 1 <= info.date_time[1] <= 12
        else seen[1] // 1_000_000_000
    )
    last = name.rsplit("/", 1)[-1]
    sha = hashlib.sha256()
    kept = io.BytesIO() if info.file_size <= min(_KEPT_MEMBER, budget) else None
    size, opening = 0, b""
    try:
        with archive.open(info) as stream:
            opening = stream.read(_OPENING)
            chunk = opening
            while chunk:
                size += len(chunk)
                sha.update(chunk)
                if kept is not None:
                    kept.write(chunk)
                chunk = stream.read(_CHUNK)
    except (*BROKEN_ARCHIVE, OSError):
        problem = FileRefused("reading.damaged_member", file=as_text(path.name), member=name)
        return Member(path, name, "", size, mtime, "other", opening, "", problem, True, index, _seen=seen)
    content = kept.getvalue() if kept is not None else None
    form = ""
    if opening[:4] == b"PK\x03\x04":
        kind, problem_, damaged, form, content = _inner_zip(archive, info, last, content)
    else:
        kind, problem_, damaged, form = _told(last, opening, size)
    return Member(
        path, name, sha.hexdigest(), size, mtime, kind, opening, form, problem_, damaged, index, content, seen
    )


def _inner_zip(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, content: bytes | None
) -> tuple[Kind, FileRefused | None, bool, str, bytes | None]:
    """Look into a zip within a zip: a workbook is read, another archive is one level too deep."""
    if info.file_size > limits.WORKBOOK_PACKED:
        return "other", _too_big(name, info.file_size, limits.WORKBOOK_PACKED), True, "", None
    packed = content if content is not None else archive.read(info)
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as inner:
            form = workbook_form(inner, {entry.filename for entry in inner.infolist()})
            if not form:
                return "other", FileRefused("reading.zip_in_zip", file=name), True, "", None
            check_archive(name, io.BytesIO(packed), inner, workbook=True)
    except BROKEN_ARCHIVE:
        return "other", FileRefused("reading.damaged_workbook", file=name), True, "", None
    except FileRefused as problem:
        return "other", problem, True, "", None
    return "workbook", None, False, form, content


def workbook_form(archive: zipfile.ZipFile, names: set[str]) -> str:
    """Return ``xlsx``, ``xlsb`` or ``ods`` when the archive is such a workbook, else an empty text."""
    if (
        "xl/workbook.xml" in names
        or "[Content_Types].xml" in names
        and any(name.endswith("workbook.xml") for name in names)
    ):
        return "xlsx"
    if "xl/workbook.bin" in names:
        return "xlsb"
    if "content.xml" in names and "mimetype" in names:
        try:
            with archive.open("mimetype") as stream:
                mimetype = stream.read(200)
        except (*BROKEN_ARCHIVE, OSError):
            return ""
        return "ods" if b"opendocument.spreadsheet" in mimetype else ""
    return ""


def member_name(info: zipfile.ZipInfo) -> str:
    """Return the member's name; those written in GBK without saying so are read as such."""
    if info.flag_bits & 0x800 or info.filename.isascii():
        return info.filename
    raw = info.filename.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def check_archive(name: str, stream: BinaryIO, archive: zipfile.ZipFile, *, workbook: bool) -> None:
    """Raise FileRefused when the archive breaks a limit, is locked, or was made to harm."""
    infos = archive.infolist()
    packed = stream.seek(0, io.SEEK_END)
    packed_limit = limits.WORKBOOK_PACKED if workbook else limits.ZIP_PACKED
    unpacked_limit = limits.WORKBOOK_UNPACKED if workbook else limits.ZIP_UNPACKED
    if packed > packed_limit:
        raise _too_big(name, packed, packed_limit)
    if len(infos) > limits.ZIP_MEMBERS:
        raise FileRefused("reading.zip_members", file=name, n=len(infos), limit=limits.ZIP_MEMBERS)
    if any(info.flag_bits & 0x1 for info in infos):
        raise FileRefused("reading.password", file=name)
    unpacked = sum(info.file_size for info in infos)
    if unpacked > unpacked_limit:
        raise FileRefused(
            "reading.zip_unpacked", file=name, size=limits.shown(unpacked), limit=limits.shown(unpacked_limit)
        )
    for info in infos:
        if info.file_size > limits.ZIP_RATIO_FREE and info.file_size > limits.ZIP_RATIO * max(
            1, info.compress_size
        ):
            raise FileRefused("reading.zip_ratio", file=name, member=info.filename, limit=limits.ZIP_RATIO)
        if info.external_attr >> 16 & 0o170000 == _LINK:
            raise FileRefused("reading.zip_link", file=name, member=info.filename)
        if _leads_outside(info.filename) or _leads_outside(info.orig_filename):
            raise FileRefused("reading.zip_name", file=name, member=info.filename)
    _check_overlap(name, stream, archive)


def _leads_outside(name: str) -> bool:
    if not name or "\0" in name or name.startswith(("/", "\\")) or re.match(r"^[A-Za-z]:", name):
        return True
    parts = re.split(r"[/\\]", name)
    return ".." in parts or any(_DEVICE.match(part) for part in parts)


def _check_overlap(name: str, stream: BinaryIO, archive: zipfile.ZipFile) -> None:
    """Raise FileRefused when two members share bytes: the trick of archives that unpack to terabytes."""
    spans: list[tuple[int, int]] = []
    for info in archive.infolist():
        stream.seek(info.header_offset)
        header = stream.read(30)
        if len(header) < 30 or header[:4] != b"PK\x03\x04":
            raise FileRefused("reading.damaged_zip", file=name)
        name_length, extra_length = struct.unpack("<HH", header[26:30])
        spans.append(
            (info.header_offset, info.header_offset + 30 + name_length + extra_length + info.compress_size)
        )
    spans.sort()
    ends_at = archive.start_dir
    for (_, end), (start, _) in zip(spans, spans[1:], strict=False):
        if end > start:
            raise FileRefused("reading.zip_overlap", file=name)
    if spans and spans[-1][1] > ends_at:
        raise FileRefused("reading.zip_overlap", file=name)

"""Take every file of a corpus the way a person would, watched: how it ended, how long it took, how much memory.

    ./run python tests/reliability/corpora.py                    every file of ../shared/badinput, the worst ten at the end
    ./run python tests/reliability/corpora.py FOLDER_OR_FILE …   files of your own
    ./run python tests/reliability/corpora.py --all …            a line for every file
    ./run python tests/reliability/corpora.py --json OUT …       the outcomes as JSON lines

A file is planned with the shipped formats first.  One that none of them claims is read by a format made for it that
takes its columns as they are, so that its rows really are stored, counted and taken back.  This happens in a process
of its own, which is ended when a file takes longer than 10 s a MB (2 s below 100 kB).  The memory is the highest that
this process held during the file above what it held before it.  Exit 1 when anything that must hold does not.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import queue
import resource
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BADINPUT = ROOT.parent / "shared" / "badinput"
# What lies beside the files and is no case of its own.
NO_CASES = frozenset({"LICENSE", "README.md", "README.txt", "README", "index.jsonl", "expected.jsonl"})
MEMORY = 300 * 1024 * 1024
SEPARATOR = "\x1f"


def allowed_seconds(size: int) -> float:
    """Return how long a file of that size may take."""
    return 2.0 if size < 100_000 else 10.0 * max(size / 1_000_000, 1.0)


def cases(folder: Path) -> list[Path]:
    """Return the files below a folder that are cases, in a steady order; a file is itself."""
    if folder.is_file():
        return [folder]
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in NO_CASES and "tools" not in path.parts)


@dataclass
class Outcome:
    """How a file ended.

    ``outcome`` is ``loaded``, ``unchanged``, ``refused``, ``asked`` (a question is left open) or, when something broke, ``crashed`` and ``hung``.
    ``code`` and ``message`` are the first remark of the plan that ended it, ``remarks`` how often which code was said of rows.
    ``faults`` is what must hold and does not.
    """

    file: str
    size: int = 0
    outcome: str = ""
    code: str = ""
    message: str = ""
    read: int = 0
    stored: int = 0
    dropped: int = 0
    rejected: int = 0
    remarks: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    peak: int = 0
    faults: list[str] = field(default_factory=list)


# ---------------------------------------------------------------- the process that reads


def as_it_stands(member: object, settings: dict[str, str], header: Sequence[str] | None = None) -> str:
    """Return a format that takes a file's columns as they are; raise FileRefused for what is no table.

    ``header`` are the columns where they are known; ``settings`` get the answers that the file leaves open.
    """
    from ecoperf_desktop.errors import FileRefused
    from ecoperf_desktop.importing import limits
    from ecoperf_desktop.importing.container import Member
    from ecoperf_desktop.importing.descriptor import normal, numbered
    from ecoperf_desktop.importing.documents import json_reader
    from ecoperf_desktop.importing.drafting import _pattern
    from ecoperf_desktop.importing.look import look
    from ecoperf_desktop.importing.suggest import _aliases

    assert isinstance(member, Member)
    if member.problem is not None:
        raise member.problem
    if member.kind == "json":
        header = list(json_reader(member).header)
        columns = [f'path = [{_text(_path(name))}, {_text(name)}]' for name in header]
        if len(header) > limits.COLUMNS:
            raise FileRefused("reading.too_many_columns", file=member.name, n=len(header), limit=limits.COLUMNS)
        return _format(columns, 'layout = "json"', _rows_at(member), 'any = ["re:"]')
    delimiters = ""
    if header is not None:
        found = list(dict.fromkeys(name for name in header if normal(name)))
        columns = [f"match = {_text(_pattern(name))}" for name in found]
        tests = [_text(f"re:{_pattern(normal(name))}") for name in found]
        return _format(columns, "", f"all = [{', '.join(tests)}]")
    try:
        seen = look(member, frozenset())
    except FileRefused as problem:
        if problem.code != "importing.suggest_no_table" or member.kind != "text":
            raise
        return _without_header(member, settings)
    if seen.delimiter and seen.delimiter not in (",", ";", "\t", "|"):
        delimiters = f"delimiters = [{_text(seen.delimiter)}]"
    if seen.encoding and not seen.certain:
        settings.setdefault("encoding", seen.encoding)
    columns = []
    tests = []
    for name, alias, known in zip(seen.header, _aliases(seen.header), numbered(seen.header), strict=True):
        if not normal(name):
            continue  # nothing to call it by
        pattern = alias == name and name.rstrip()[-1:].isdigit() and "#" in name
        columns.append(f"match = {_text(_pattern(name))}" if pattern else f"header = [{_text(alias)}]")
        tests.append(_text(f"re:{_pattern(known)}") if pattern or alias.startswith(("@", "re:")) else _text(alias))
    comment = 'comment = "#"' if seen.commented else ""
    return _format(columns, delimiters, comment, f"all = [{', '.join(tests)}]")


def _without_header(member: object, settings: dict[str, str]) -> str:
    from ecoperf_desktop.errors import FileRefused
    from ecoperf_desktop.importing.container import Member
    from ecoperf_desktop.importing.descriptor import normal
    from ecoperf_desktop.importing.dialect import dialects
    from ecoperf_desktop.importing.drafting import _pattern
    from ecoperf_desktop.importing.encoding import encodings, head
    from ecoperf_desktop.importing.split import first_rows

    assert isinstance(member, Member)
    found = encodings(member)
    if not found.certain:
        settings.setdefault("encoding", found.name)
    dialect = dialects(head(member, found.name, 32 * 1024))[0]
    rows = [row.cells for row in first_rows(member, found.name, dialect) if any(cell.strip() for cell in row.cells)]
    width = max(map(len, rows), default=0)
    if width == 1 and len(rows) > 1 and normal(rows[0][0]):
        # One column has a name as others have, only nothing beside it tells so.
        return _format([f"match = {_text(_pattern(rows[0][0]))}"], "", f"all = [{_text('re:' + _pattern(normal(rows[0][0])))}]")
    if not width:
        raise FileRefused("importing.suggest_no_table", file=member.name)
    settings.setdefault("delimiter", "tab" if dialect.delimiter == "\t" else dialect.delimiter)
    import re

    columns = [f"position = {place + 1}" for place in range(width)]
    name = "^" + re.escape(member.name) + "$"
    return _format(columns, 'header = "none"', f"delimiters = [{_text(dialect.delimiter)}]", f"filename = {_text(name)}")


def _format(columns: Sequence[str], *rest: str) -> str:
    names = [f"c{number}" for number in range(1, len(columns) + 1)]
    read, detect = [line for line in rest[:-1] if line], rest[-1]
    lines = [
        "[format]", 'id = "asis.rows"', "version = 1", 'platform = "asis"', 'title = { en = "As it stands", zh = "原样" }',
        'verified = "documented"', "[detect]", detect, "[read]", "guards = false", *read, "[answers]", 'shop = "none"', "[period]", 'from = ["ask"]',
    ]  # fmt: skip
    for name, column in zip(names, columns, strict=True):
        lines += ["[[column]]", column, f'field = "{name}"', 'type = "text"']
    joined = ", ".join(_text(name) for name in names)
    lines += [
        "[[emit]]", 'into = "expenses"', 'set.class = { const = "as it stands" }', 'set.amount = { const = "1" }',
        f"set.department = {{ join = [{joined}], by = {_text(SEPARATOR)} }}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _path(name: str) -> str:
    return f'"{name}"' if "." in name and '"' not in name else name


def _rows_at(member: object) -> str:
    """Return where the records of a document are, as a key of [read]."""
    from ecoperf_desktop.errors import FileRefused
    from ecoperf_desktop.importing import limits
    from ecoperf_desktop.importing.container import Member
    from ecoperf_desktop.importing.documents import json_document

    assert isinstance(member, Member)
    try:
        document = json_document(member.read(limits.JSON_FILE), member.name)
    except FileRefused:
        return ""
    places = [("", document)]
    for _ in range(4):
        following = []
        for where, value in places:
            if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
                return f"rows = {_text(where)}" if where else ""
            if isinstance(value, dict):
                following += [(f"{where}.{_path(key)}" if where else _path(key), inner) for key, inner in value.items()]
        places = following
    return ""


def _text(text: str) -> str:
    # JSON's escapes are those of TOML, but for one sign, and for halves of characters, which TOML does not know.
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007f")


class Taker:
    """One workspace into which file after file is taken, and out of which it is taken again."""

    def __init__(self, folder: Path) -> None:
        from ecoperf_desktop import actions

        self._actions = actions
        self._folder = folder
        self._inside: list[str] = []
        self._digest = ""
        self.opened = actions.open_workspace(folder / "corpora.ecoperf", write=True)
        # What every process needs once is not what a file needs.
        self.take(_first_file(folder))
        self._digest = digest(self.opened.conn)

    def take(self, path: Path) -> Outcome:
        """Plan and import one file, and take it back; what breaks is in the outcome."""
        made = Outcome(str(path), path.stat().st_size)
        before = _reset_peak()
        began = time.perf_counter()
        try:
            ids = self._imported(path, made)
        except BaseException as fault:
            made.outcome, made.code = "crashed", type(fault).__name__
            made.message = "".join(traceback.format_exception(fault)[-6:])
            made.faults.append(f"{type(fault).__name__}: {fault}")
            ids = []
            if isinstance(fault, KeyboardInterrupt | SystemExit):
                raise
        made.seconds = time.perf_counter() - began
        made.peak = max(_peak() - before, 0)
        self._taken_back(ids, made)
        if made.peak > MEMORY:
            made.faults.append(f"{made.peak >> 20} MB above idle")
        if made.seconds > allowed_seconds(made.size):
            made.faults.append(f"{made.seconds:.1f} s")
        return made

    def _imported(self, path: Path, made: Outcome) -> list[int]:
        from ecoperf_desktop.errors import FileRefused
        from ecoperf_desktop.importing.container import members

        found = list(members(path))
        self._inside = [member.name for member in found if member.member is not None]
        planned = self._actions.plan_import([path], self._actions.ImportChoices(), self.opened)
        ids: list[int] = []
        for file in planned.files:
            if file.outcome == "load":
                continue
            self._said(file.findings[:1], path, made)
            made.outcome, made.code = ("asked" if file.question else file.outcome), file.findings[0].code
        if any(file.outcome == "load" for file in planned.files):
            ids += self._applied(planned, path, made)
        for number, member in enumerate(found):
            if member.problem is not None or not any(
                file.outcome != "load" and file.name == member.name and file.findings[0].code in _UNKNOWN for file in planned.files
            ):
                continue
            settings = {"period": "2026-01-01"}
            try:
                text = as_it_stands(member, settings)
            except FileRefused as problem:
                made.outcome, made.code, made.message = "refused", problem.code, str(problem)
                self._named(str(problem), path, made)
                continue
            ids += self._as_it_stands(path, member.name, text, settings, number, made)
        return ids

    def _as_it_stands(self, path: Path, name: str, text: str, settings: dict[str, str], number: int, made: Outcome) -> list[int]:
        mapping = self._folder / "asis.toml"
        mapping.write_text(text, encoding="utf-8")
        actions = self._actions
        for limit in ({}, {"reject_limit": "100%"}):
            choices = actions.ImportChoices("asis.rows", (mapping,), f"corpus {number}", tuple({**settings, **limit}.items()))
            planned = actions.plan_import([path], choices, self.opened)
            mine = [file for file in planned.files if file.name == name]
            if any(file.outcome == "load" for file in planned.files):
                return self._applied(planned, path, made)
            for file in mine or planned.files:
                self._said(file.findings, path, made)
                made.outcome, made.code = ("asked" if file.question else "refused"), file.findings[0].code
            if made.code != "importing.too_many_rejected":
                break
        return []

    def _applied(self, planned: object, path: Path, made: Outcome) -> list[int]:
        report = self._actions.apply_import(planned, self.opened)  # type: ignore[arg-type]
        ids = []
        for file in report.files:
            rows = file.rows
            if file.status in ("loaded", "unchanged"):
                made.outcome, made.code = file.status, ""
                made.read, made.stored = made.read + rows.read, made.stored + rows.new + rows.changed
                made.dropped, made.rejected = made.dropped + rows.dropped, made.rejected + rows.rejected
                if rows.read != rows.new + rows.changed + rows.unchanged + rows.dropped + rows.rejected:
                    made.faults.append(f"read {rows.read} is not the sum of {rows}")
                errors = sum(finding.severity == "error" for finding in file.findings)
                if rows.rejected and not errors:
                    made.faults.append("rows are rejected and none is named")
            elif not made.outcome or made.outcome == "load":
                made.outcome, made.code = file.status, file.findings[0].code
            self._said(file.findings, path, made)
            if file.import_id is not None:
                ids.append(file.import_id)
        return ids

    def _said(self, findings: Sequence[object], path: Path, made: Outcome) -> None:
        """Word every remark in both languages; what is said of a row has its place."""
        from ecoperf_desktop import language
        from ecoperf_desktop.model.finding import Finding

        for place, finding in enumerate(findings):
            assert isinstance(finding, Finding)
            worded = language.sentence(finding.code, "en", **finding.details)
            language.sentence(finding.code, "zh", **finding.details)
            if "{" in worded and "{" not in str(finding.details) and finding.record is None:
                made.faults.append(f"a placeholder is left: {worded}")
            if place == 0 and not made.message:
                made.message = worded
            made.remarks[finding.code] = made.remarks.get(finding.code, 0) + 1
            if finding.record is None and finding.severity == "error" and "file" in finding.details:
                self._named(worded, path, made)

    def _named(self, message: str, path: Path, made: Outcome) -> None:
        # Of an archive the file within is named; the report names the archive beside it.
        if path.name not in message and not any(name in message for name in self._inside):
            made.faults.append(f"the file is not named: {message}")

    def _taken_back(self, ids: list[int], made: Outcome) -> None:
        from ecoperf_desktop.store import ledger

        conn = self.opened.conn
        if conn.in_transaction:
            made.faults.append("a transaction is open")
            conn.rollback()
        if not ids:
            if digest(conn) != self._digest:
                made.faults.append("refused, and the workspace is another")
            return
        ledger.undo(self.opened, ids)  # as a person does, without the backup before it
        for table in ("expenses", "raw_block"):
            (left,) = conn.execute(f"SELECT count(*) FROM {table}").fetchone()
            if left:
                made.faults.append(f"{left} rows of {table} are left when it is taken back")
        self._digest = digest(conn)


_UNKNOWN = frozenset({"importing.unknown_format", "importing.near_miss", "reading.encoding_undecided"})


def digest(conn: object) -> str:
    """Return a digest of every row of every table but the calendar's days, which no file changes."""
    import sqlite3

    assert isinstance(conn, sqlite3.Connection)
    made = hashlib.sha256()
    names = [name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'calendar' ORDER BY name")]
    for name in names:
        for row in conn.execute(f'SELECT * FROM "{name}"'):
            made.update(repr((name, row)).encode("utf-8", "surrogatepass"))
    return made.hexdigest()


def _first_file(folder: Path) -> Path:
    path = folder / "first.csv"
    path.write_text("name,number\nfirst,1\n", encoding="utf-8")
    return path


def _reset_peak() -> int:
    """Begin to watch the memory; return what is held now, in bytes."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return _peak()
    return _status("VmRSS")


def _peak() -> int:
    if sys.platform == "linux":
        return _status("VmHWM")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    return 0


def _child() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ECOPERF_DATA"] = folder
        taker = Taker(Path(folder))
        print(json.dumps({"ready": True}), file=answers, flush=True)
        for line in sys.stdin:
            print(json.dumps(asdict(taker.take(Path(json.loads(line))))), file=answers, flush=True)
        taker.opened.close()


# ---------------------------------------------------------------- the process that watches


class Watcher:
    """A process that reads, ended and begun anew when it hangs or dies."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))}
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            encoding="utf-8", env=environment,
        )  # fmt: skip
        self._answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, args=(self._process, self._answers), daemon=True).start()
        self._answers.get(timeout=60)

    @staticmethod
    def _listen(process: subprocess.Popen[str], answers: queue.Queue[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            answers.put(line)
        answers.put("")

    def take(self, path: Path) -> Outcome:
        """Have a file taken; a process that does not answer in time is ended."""
        assert self._process.stdin is not None
        size = path.stat().st_size
        self._process.stdin.write(json.dumps(str(path)) + "\n")
        self._process.stdin.flush()
        try:
            line = self._answers.get(timeout=allowed_seconds(size) * 2 + 5)
        except queue.Empty:
            self.close()
            self._begin()
            return Outcome(str(path), size, "hung", faults=["it hangs"])
        if not line:
            code = self._process.wait()
            self._begin()
            return Outcome(str(path), size, "crashed", faults=[f"the process ended with {code}"])
        return Outcome(**json.loads(line))

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def taken(paths: Sequence[Path]) -> Iterator[Outcome]:
    """Yield the outcome of each file."""
    watcher = Watcher()
    try:
        for path in paths:
            yield watcher.take(path)
    finally:
        watcher.close()


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    asked.add_argument("paths", nargs="*", type=Path, default=[BADINPUT])
    asked.add_argument("--all", action="store_true")
    asked.add_argument("--json", type=Path)
    asked.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.child:
        _child()
        return 0
    paths = [path for one in given.paths for path in cases(one)]
    outcomes = []
    for one in taken(paths):
        outcomes.append(one)
        if given.all or one.faults:
            print(f"{one.outcome:9} {one.seconds:7.2f} s {one.peak >> 20:4} MB  {shown(one.file)}  {one.code} {'; '.join(one.faults)}", flush=True)
    if given.json:
        given.json.write_text("".join(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in outcomes), encoding="utf-8")
    _table(outcomes)
    return 1 if any(one.faults for one in outcomes) else 0


def _table(outcomes: Sequence[Outcome]) -> None:
    print(f"\n{len(outcomes)} files: {', '.join(f'{name} {count}' for name, count in Counter(one.outcome for one in outcomes).most_common())}")
    for code, count in Counter(one.code for one in outcomes if one.code).most_common():
        print(f"  {count:5} {code}")
    print("\nslowest")
    for one in sorted(outcomes, key=lambda one: -one.seconds)[:10]:
        print(f"  {one.seconds:7.2f} s of {allowed_seconds(one.size):.0f}  {one.size:>9} B  {shown(one.file)}")
    print("\nmost memory above idle")
    for one in sorted(outcomes, key=lambda one: -one.peak)[:10]:
        print(f"  {one.peak / 1048576:7.1f} MB  {one.size:>9} B  {shown(one.file)}")
    wrong = [one for one in outcomes if one.faults]
    print(f"\n{len(wrong)} with faults")


def shown(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(BADINPUT)) if path.is_relative_to(BADINPUT) else str(path)


if __name__ == "__main__":
    sys.exit(main())

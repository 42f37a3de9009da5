"""Makes the 1st, 2nd, 3rd … system call of each kind fail in each piece of the program's work, and looks at what is left.

    ./run python tests/reliability/faults.py [--most 60] [--work import,backup,…] [--kind write-ENOSPC,…] [--folder DIR]

Needs strace (``apt-get install -y strace``), which fails calls without a library in between: only calls on the workspace, the
exports, the backups, the settings and the written reports count.  Every n is tried twice: that call alone, and all from it on.
The work may fail, but has to end by itself, with a sentence and no traceback; what is there afterwards has to be what was there
before or what the work makes when nobody disturbs it, and the latter when it said so.  With --power the power is cut instead,
behind each call that writes: what was not synced by then may be there, be missing or be torn (see ``fault_disk``).  Prints a table: kind of fault and
work, how many calls were made to fail, how many of these left something wrong, and what.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import fault_disk
from fault_shop import ANSWERS, write_text

from ecoperf_desktop import actions
from ecoperf_desktop.errors import EcoPerfError
from ecoperf_desktop.language import sentence
from ecoperf_desktop.store import backup

ROOT = Path(__file__).resolve().parents[2]

# Kind of fault: the idle calls that count towards it, the calls that fail, and how.
_WRITES, _SYNCS = "write,pwrite64,writev", "fsync,fdatasync"
KINDS = {
    "write-ENOSPC": ("write", _WRITES, "error=ENOSPC"),
    "write-EIO": ("write", _WRITES, "error=EIO"),
    "fsync-EIO": ("sync", _SYNCS, "error=EIO"),
    "read-EIO": ("read", "read,pread64", "error=EIO"),
    "ftruncate-ENOSPC": ("cut", "ftruncate", "error=ENOSPC"),
    "open-EMFILE": ("open", "openat", "error=EMFILE"),
    "open-EACCES": ("open", "openat", "error=EACCES"),
    "unlink-EBUSY": ("unlink", "unlink", "error=EBUSY"),
    "rename-EACCES": ("rename", "rename", "error=EACCES"),
    "kill-write": ("write", _WRITES, "signal=KILL"),
    "kill-sync": ("sync", _SYNCS, "signal=KILL"),
}
WORKS = ("import", "undo", "backup", "restore", "settings", "own metric", "create", "pdf", "html", "sheet", "list")
# What stays when the power goes, once the work has said that it is done.
_DURABLE = ("import", "undo", "restore", "own metric", "create", "backup")
_REPORTS = ("week.pdf", "week.html", "sales.xlsx", "products.xlsx")
_TOUCHING = "openat,creat,unlink,unlinkat,rename,renameat,renameat2,link,linkat"


def lacks() -> str | None:
    """Return why calls cannot be made to fail here, None when they can."""
    if shutil.which("strace") is None:
        return "strace is not installed: apt-get install -y strace"
    tried = subprocess.run(["strace", "-qq", "-o", os.devnull, "true"], capture_output=True, text=True, check=False)
    return f"strace may not trace here: {tried.stderr.strip()[:100]}" if tried.returncode else None


@dataclass(frozen=True)
class Fault:
    """One call made to fail: ``from_then_on`` all of its kind from it on."""

    kind: str
    work: str
    n: int
    from_then_on: bool
    wrong: str | None

    def __str__(self) -> str:
        return f"{self.kind} n={self.n}{'+' if self.from_then_on else ''} in {self.work}: {self.wrong}"


class Faults:
    """A small shop in ``folder``, put back before each fault."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.seed, self.live = self.folder / "seed", self.folder / "live"
        self.data, self.output = self.live / "data", self.folder / "output"
        self._make_seed()
        self._before: dict[str, str] = {}
        self._after: dict[str, str] = {}
        self._paths: set[str] = set()

    def tried(self, kinds: Sequence[str], works: Sequence[str], most: int) -> Iterator[Fault]:
        """Yield the faults, of each kind and work until its calls have run out or ``most`` were made to fail."""
        self._watch(works)
        for kind in kinds:
            for from_then_on in (False, True):
                if from_then_on and kind.startswith("kill"):
                    continue
                with self._server(kind, most + 1, from_then_on) as server:
                    for work in works:
                        for n in range(1, most + 1):
                            fault = self._fault(server, kind, work, n, most + 1 - n, from_then_on)
                            if fault is None:
                                break
                            yield fault

    def power_cuts(self, works: Sequence[str], cuts: int, seed: int = 1) -> Iterator[Fault]:
        """Yield what ``cuts`` power cuts leave of each piece of work: behind each call of it, and with what was not synced lost."""
        chance = random.Random(seed)
        self._watch(works)
        log = self.folder / "strace"
        server = _Server(["strace", "-f", "-qq", "-y", "-xx", "-s", "100000000", "--seccomp-bpf", "-o", str(log), "-e", f"trace={fault_disk.TRACED}"], log)
        recorded: dict[str, list[fault_disk.Call]] = {}
        try:
            for work in works:
                self._reset(work)
                before = len(server.log())
                server.run(self._job(work))
                recorded[work] = fault_disk.calls(server.log()[before:], self.live)
        finally:
            server.end()
        for work, found in recorded.items():
            self._reset(work)
            started = self.folder / "started"
            shutil.rmtree(started, ignore_errors=True)
            self.live.rename(started)
            disk = fault_disk.Disk(started, self.live)
            ways = ("lost", "all", "mixed", "mixed", "mixed")
            left = [(number, way) for number in range(len(found) + 1) for way in ways]
            wanted = set(chance.sample(left[:-5], min(cuts, len(left) - 5))) | set(left[-5:])
            for number in range(len(found) + 1):
                if number:
                    disk.apply(found[number - 1])
                for way in ways:
                    if (number, way) not in wanted:
                        continue
                    wanted.discard((number, way))
                    self._lay_out(disk.after_power_cut(chance, way))
                    yield Fault(f"power-{way}", work, number, False, self._wrong_after_power(work, is_done=number == len(found)))

    def _lay_out(self, files: Mapping[str, bytes]) -> None:
        shutil.rmtree(self.live, ignore_errors=True)
        self.data.mkdir(parents=True)
        for name, content in files.items():
            path = Path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def _wrong_after_power(self, work: str, *, is_done: bool) -> str | None:
        state = self._state(work, killed=True)
        if state == self._after[work] or (state == self._before[work] and not (is_done and work in _DURABLE)):
            return None
        return "what was said to be done is gone" if state == self._before[work] else f"neither as before nor done: {state[:160]}"

    def _job(self, work: str) -> dict[str, object]:
        return {"kind": "open", "idle": 0, "work": work, "arguments": self._arguments(work), "folder": str(self.live), "out": str(self.output)}

    def _fault(self, server: _Server, kind: str, work: str, n: int, idle: int, from_then_on: bool) -> Fault | None:
        """Return what a fault did; None when the work made fewer calls of its kind."""
        self._reset(work)
        status, injected = server.run({**self._job(work), "kind": KINDS[kind][0], "idle": idle})
        if not injected:
            return None
        return Fault(kind, work, n, from_then_on, self._wrong(work, status, killed=kind.startswith("kill")))

    def _wrong(self, work: str, status: int | None, *, killed: bool) -> str | None:
        said = self.output.read_text(encoding="utf-8", errors="replace")
        if status is None:
            return "it did not end"
        if "Traceback" in said:
            return f"traceback: {said.strip().splitlines()[-1][:120]}"
        if status < 0 and not (killed and status == -9):
            return f"it died of signal {-status}"
        if not killed and status not in (0, 1):
            return f"exit {status}"
        if not killed and status and not said.strip():
            return "it failed without a word"
        if said.startswith(":"):
            return f"its sentence names no file: {said.strip()[:120]}"
        if _BUG.match(said.strip()):
            return "it took the fault for a bug: " + self._bug()
        state = self._state(work, killed=killed)
        if state == self._after[work]:
            return None
        if state != self._before[work]:
            return f"neither as before nor done: {state[:160]}"
        return "it said that it was done and it was not" if status == 0 else None

    def _bug(self) -> str:
        log = self.data / "logs" / "faults.log"
        return " < ".join(line.strip() for line in log.read_text(encoding="utf-8").splitlines()[-1:-5:-1]) if log.exists() else ""

    def _state(self, work: str, *, killed: bool = False) -> str:
        """Return what is there as a text: equal texts for equal contents."""
        if work == "settings":
            path = self.data / "preferences.json"
            return path.read_text(encoding="utf-8") if path.exists() else "absent"
        if work in ("pdf", "html", "sheet", "list"):
            target = Path(self._target(work))
            strays = [one.name for one in target.parent.iterdir() if one.name not in _REPORTS]
            # Who is killed cannot tidy up: the next report of that name does.
            content = _content(target) if target.exists() else "absent"
            return content if killed or not strays else f"{content} and {strays}"
        workspace = self.data / "shop.ecoperf"
        if not workspace.exists():
            return "absent" if work == "create" else "the workspace is gone"
        state = contents(workspace)
        if work == "backup":
            copies = sorted((self.data / "backups").rglob("backup-*.ecoperf"))
            return f"{state} with {[contents(copy) for copy in copies]}"
        return state

    def _target(self, work: str) -> str:
        return str(self.live / "reports" / _REPORTS[("pdf", "html", "sheet", "list").index(work)])

    def _arguments(self, work: str) -> list[str]:
        common = ["--workspace", str(self.data / "shop.ecoperf")]
        match work:
            case "import":
                return [*common, "import", str(self.live / "exports" / "second.csv"), *ANSWERS]
            case "undo":
                return [*common, "undo", "1"]
            case "backup" | "create":
                return [*common, {"backup": "backup", "create": "imports"}[work]]
            case "restore":
                return [*common, "restore", str(self.live / "copy.ecoperf")]
            case "own metric":
                return [*common, "metrics", "add", "own_share", "--name", "Share", "--expression", "net_sales / gross_sales"]
            case "pdf" | "html":
                return [*common, "report", "--period", "last", "--page", "sales", "-o", self._target(work)]
            case _:
                return [self._target(work)] if work in ("sheet", "list") else []

    def _make_seed(self) -> None:
        for folder in ("data", "exports", "reports"):
            (self.seed / folder).mkdir(parents=True, exist_ok=True)
        write_text(self.seed / "exports" / "first.csv", 1000, 300)
        write_text(self.seed / "exports" / "second.csv", 1200, 300)
        for name in _REPORTS:
            (self.seed / "reports" / name).write_bytes(b"an older report")
        (self.seed / "data" / "preferences.json").write_text('{"paper": "A4"}', encoding="utf-8")
        workspace = self.seed / "data" / "shop.ecoperf"
        choices = actions.ImportChoices(settings=(("tz", "Europe/London"), ("currency", "GBP")))
        with actions.workspace(workspace, write=True) as opened:
            actions.apply_import(actions.plan_import([self.seed / "exports" / "first.csv"], choices, opened), opened)
            opened.conn.execute("VACUUM INTO ?", (str(self.seed / "copy.ecoperf"),))
            actions.change_brand_words(opened, "mugs")

    def _reset(self, work: str) -> None:
        shutil.rmtree(self.live, ignore_errors=True)
        shutil.copytree(self.seed, self.live)
        (self.live / "idle").write_bytes(b"idle")
        if work == "create":
            shutil.rmtree(self.data)
            self.data.mkdir()

    def _watch(self, works: Sequence[str]) -> None:
        """Do each piece of work once, undisturbed: what it touches, and what it makes."""
        works = [work for work in works if work not in self._after]
        if not works:
            return
        for work in works:
            self._reset(work)
            self._before[work] = self._state(work)
        with self._server(None, 0, False) as server:
            for work in works:
                self._reset(work)
                status, _ = server.run(self._job(work))
                if status != 0:
                    raise RuntimeError(f"{work} ends with {status} when nobody disturbs it: {self.output.read_text(encoding='utf-8')[-2000:]}")
                self._after[work] = self._state(work)
                # What is kept of our own files makes the writes that matter come sooner; only making a workspace begins without.
                if (self.data / "cache").is_dir():
                    shutil.copytree(self.data / "cache", self.seed / "data" / "cache", dirs_exist_ok=True)
                if self._after[work] == self._before[work] and work != "create":
                    raise RuntimeError(f"{work} changes nothing that is looked at")
            self._paths |= {path for path in re.findall(r'"(/[^"]+)"', server.log()) if path.startswith(f"{self.live}/")}
        self._paths |= {str(self.live / "idle"), str(self.live / "idle.absent"), str(self.data)}

    @contextmanager
    def _server(self, kind: str | None, when: int, from_then_on: bool) -> Iterator[_Server]:
        log = self.folder / "strace"
        log.unlink(missing_ok=True)
        if kind is None:
            traced = ["-y", "-e", f"trace={_TOUCHING}"]
        else:
            _, calls, how = KINDS[kind]
            paths = [word for path in sorted(self._paths) for word in ("-P", path)]
            # strace's quick way of tracing delivers no signals.
            traced = [*(() if how.startswith("signal") else ("--seccomp-bpf",)), *paths, "-e", f"trace={calls}", "-e", f"inject={calls}:{how}:when={when}{'+' if from_then_on else ''}"]
        server = _Server(["strace", "-f", "-qq", "-s", "400", "-o", str(log), *traced], log)
        try:
            yield server
        finally:
            server.end()


class _Server:
    def __init__(self, strace: list[str], log: Path) -> None:
        environment = {**os.environ, "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "QT_QPA_PLATFORM": "offscreen",
                       "PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))}  # fmt: skip
        self._log = log
        self._seen = 0
        self._process = subprocess.Popen(
            [*strace, sys.executable, str(Path(__file__).with_name("fault_server.py"))], env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=(log.parent / "server").open("w"),
        )  # fmt: skip
        if self._said() != "ready\n":
            raise RuntimeError(f"the server of faults does not start: {(log.parent / 'server').read_text(encoding='utf-8')[-2000:]}")

    def run(self, job: dict[str, object]) -> tuple[int | None, bool]:
        """Run a job; return its exit code (None: it did not end) and whether a call of it was made to fail."""
        stdin: IO[str] = self._process.stdin  # type: ignore[assignment]
        print(json.dumps(job), file=stdin, flush=True)
        status = json.loads(self._said())["status"]
        return status, status == -9 or "(INJECTED" in self._news()

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _said(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def _news(self) -> str:
        with self._log.open("rb") as stream:
            stream.seek(self._seen)
            news = stream.read()
        self._seen += len(news)
        return news.decode("utf-8", "replace")


_BUG = re.compile(re.escape(sentence("cli.bug", "en", log="\0")).replace("\0", ".*").replace("\\.*", ".*"))
# Times of the day the work was done, what is remembered about the file itself,
# and the days of a century, which are the same in every workspace.
_VOLATILE = {"imports": {"imported_utc", "undone_utc"}, "setting": None, "sqlite_stat1": None, "_sqlite_migrations": None, "calendar": None}


def _content(report: Path) -> str:
    """Return a fingerprint of a report; a workbook also says when it was made, which is left out."""
    if not zipfile.is_zipfile(report):
        return hashlib.sha256(report.read_bytes()).hexdigest()
    with zipfile.ZipFile(report) as book:
        return hashlib.sha256(b"".join(book.read(name) for name in sorted(book.namelist()) if name != "docProps/core.xml")).hexdigest()


def contents(path: Path) -> str:
    """Return a fingerprint of what a workspace holds, or what is wrong with it."""
    try:
        with actions.workspace(path, write=path.suffix == ".ecoperf" and path.parent.name == "data") as opened:
            wrong = backup.check(opened).problems
            if wrong:
                return f"unsound: {wrong}"
            return _fingerprint(opened.conn)
    except (EcoPerfError, sqlite3.Error) as problem:
        return f"does not open: {problem}"


def _fingerprint(conn: sqlite3.Connection) -> str:
    digest = hashlib.sha256()
    for (name,) in conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").fetchall():
        left_out = _VOLATILE.get(name, set())
        if left_out is None or name == "secret":
            continue
        with closing(conn.execute(f'SELECT * FROM "{name}" LIMIT 0')) as cursor:
            columns = [one[0] for one in cursor.description if one[0] not in left_out]
        listed = ", ".join(f'"{column}"' for column in columns)
        digest.update(f"{name} {listed}".encode())
        for row in conn.execute(f'SELECT {listed} FROM "{name}" ORDER BY {", ".join(str(n + 1) for n in range(len(columns)))}'):
            digest.update(repr(row).encode())
    words = conn.execute("SELECT name, value FROM setting WHERE name IN ('reporting_currency', 'brand_words') ORDER BY name").fetchall()
    digest.update(repr(words).encode())
    return digest.hexdigest()


def table(faults: Sequence[Fault]) -> str:
    """Return the faults counted: a line a kind, a column a piece of work, ``wrong/tried`` in each."""
    works = [work for work in WORKS if any(fault.work == work for fault in faults)]
    lines = [f"{'wrong/tried':<17}" + "".join(f"{work:>12}" for work in works)]
    for kind in (*KINDS, "power-lost", "power-all", "power-mixed"):
        mine = [fault for fault in faults if fault.kind == kind]
        if mine:
            counts = [[fault for fault in mine if fault.work == work] for work in works]
            lines.append(f"{kind:<17}" + "".join(f"{f'{sum(bool(one.wrong) for one in found)}/{len(found)}':>12}" for found in counts))
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=60)
    parser.add_argument("--work", default=",".join(WORKS))
    parser.add_argument("--kind", default=",".join(KINDS))
    parser.add_argument("--power", type=int, default=0, metavar="CUTS", help="cut the power that often in each piece of work, instead")
    parser.add_argument("--folder", type=Path, help="work there (a memory disk is fastest) instead of in a temporary folder")
    asked = parser.parse_args()
    reason = lacks()
    if reason is not None:
        print(reason, file=sys.stderr)
        return 2
    began = time.monotonic()
    found: list[Fault] = []
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        shop, works = Faults(Path(folder)), asked.work.split(",")
        for fault in shop.power_cuts(works, asked.power) if asked.power else shop.tried(asked.kind.split(","), works, asked.most):
            found.append(fault)
            if fault.wrong:
                print(fault, flush=True)
    print(table(found))
    wrong = sum(bool(fault.wrong) for fault in found)
    print(f"{wrong} of {len(found)} faults left something wrong; {time.monotonic() - began:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""Kills the program at random moments of its work, again and again on one workspace, and checks after each that it is whole.

    ./run python tests/reliability/kills.py [--kills 300] [--seed 1] [--orders 3000] [--folder DIR]

Each round takes one piece of work: several texts, a workbook, a long text read by a process of its own, one undo, or the making
of the workspace; and one way to die: the whole program, its main process alone, or one of its reading processes.  What was done
stays from round to round, as a person would have it.  After each round: no process of it is left, nothing lies in the temporary
folder or beside the workspace, what was acknowledged is there, and ``check_workspace`` finds nothing.  Prints a table of work
and ways to die: rounds, how many were hit in mid-work, how many left the work absent or whole, and what went wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import check_workspace
from fault_shop import ANSWERS, Told, write_text, write_workbook

from ecoperf_desktop.store.database import Workspace

ROOT = Path(__file__).resolve().parents[2]
WORKS = ("texts", "workbook", "apart", "undo", "create")
WAYS = ("group", "main", "child")
_APART_FROM = 100_000
_PATIENCE = 120.0
_ENDS_WITHIN = 10.0  # seconds in which reading processes have to notice that nobody wants them


@dataclass
class Round:
    """One kill and what was found after it."""

    work: str
    way: str
    was_hit: bool
    code: int
    wrong: list[str]


@dataclass
class KillLoop:
    """A workspace in ``folder`` that outlives its kills."""

    folder: Path
    orders: int = 3000
    seed: int = 1
    told: dict[str, Told] = field(default_factory=dict)
    _took: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.workspace = self.folder / "data" / "shop.ecoperf"
        self.files = self.folder / "exports"
        self.temporary = self.folder / "tmp"
        for folder in (self.workspace.parent, self.files, self.temporary):
            folder.mkdir(parents=True, exist_ok=True)
        number, n = 1000, self.orders
        for name, count in (("text", 6), ("long", 3), ("book", 3)):
            for which in range(count):
                stem = f"{name}{which}"
                size = {"text": n // 3, "long": n, "book": n}[name]
                path = self.files / (f"{stem}.xlsx" if name == "book" else f"{stem}.csv")
                write = write_workbook if name == "book" else write_text
                self.told[path.name] = write(path, number, size)
                number += size
        (self.folder / "told.json").write_text(json.dumps({name: [t.orders, t.units, t.pence] for name, t in self.told.items()}))

    def rounds(self, kills: int, works: Sequence[str] = WORKS) -> list[Round]:
        """Measure each piece of work once, undisturbed, then disturb it ``kills`` times."""
        for work in works:
            began = time.monotonic()
            code, _ = self._run(self._arguments(work), None, "group")
            self._took[work] = time.monotonic() - began - self._began
            if code:
                raise RuntimeError(f"{work} ends with {code} when nobody disturbs it")
        found = []
        # Every work meets every way to die before one does so again.
        pairs = [(work, way) for work in works for way in WAYS if way != "child" or work in ("workbook", "apart")]
        self.chance.shuffle(pairs)
        for number in range(kills):
            found.append(self._round(*pairs[number % len(pairs)]))
        return found

    def _round(self, work: str, way: str) -> Round:
        arguments = self._arguments(work)
        before = self._active()
        after = self.chance.uniform(0, 1.05 * self._took[work])
        code, hit = self._run(arguments, after, way)
        wrong = [f"process {name} is left" for name in self._left()]
        wrong += [f"left in the temporary folder: {one.name}" for one in self.temporary.iterdir()]
        if self.workspace.exists():
            wrong += check_workspace.problems(self.workspace, self.told)
        elif work != "create":
            wrong.append("the workspace is gone")
        if not (way == "child" and hit) and code == 0:
            wrong += self._lacks(work, arguments, before)
        if way == "child" and code not in (0, 1):
            wrong.append(f"exit {code} after its reading process was killed")
        # What an interrupted making leaves is taken away by the next one.
        if work != "create":
            wrong += [f"left beside the workspace: {name}" for name in check_workspace.strays(self.workspace)]
        return Round(work, way, hit, code, wrong)

    def _arguments(self, work: str) -> list[str]:
        active = self._active()
        if work == "undo":
            if not active:
                self._quietly(["import", str(self.files / "text0.csv"), *ANSWERS])
                active = self._active()
            return ["undo", str(self.chance.choice(list(active.values())))]
        if work == "create":
            for path in (self.workspace, *self.workspace.parent.glob(self.workspace.name + "-*")):
                path.unlink(missing_ok=True)
            return ["imports"]
        prefix = {"texts": "text", "workbook": "book", "apart": "long"}[work]
        names = sorted(name for name in self.told if name.startswith(prefix))
        absent = [name for name in names if name not in active]
        wanted = 3 if work == "texts" else 1
        if len(absent) < wanted:
            self._quietly(["undo", *(str(number) for number in active.values())])
            absent = names
        chosen = sorted(self.chance.sample(absent, wanted))
        return ["import", *(str(self.files / name) for name in chosen), *ANSWERS]

    def _lacks(self, work: str, arguments: list[str], before: dict[str, int]) -> list[str]:
        """Return what an exit code of 0 promised and the workspace does not hold."""
        active = self._active()
        if work == "undo":
            gone = int(arguments[1])
            return [f"import {gone} was said to be undone and is active"] if gone in active.values() else []
        named = [Path(argument).name for argument in arguments if argument.startswith(str(self.files))]
        return [f"{name} was said to be imported and is not" for name in named if name not in active]

    def _active(self) -> dict[str, int]:
        if not self.workspace.exists():
            return {}
        with closing(Workspace.open(self.workspace)) as opened:
            return dict(opened.conn.execute("SELECT file, import_id FROM imports WHERE state = 'active'"))

    def _quietly(self, arguments: list[str]) -> None:
        code, _ = self._run(arguments, None, "group")
        if code:
            raise RuntimeError(f"{' '.join(arguments)} ends with {code} when nobody disturbs it")

    def _run(self, arguments: list[str], kill_after: float | None, way: str) -> tuple[int, bool]:
        """Run the program; return its exit code and whether it was killed in mid-work."""
        mark = self.folder / "began"
        mark.unlink(missing_ok=True)
        environment = {
            **os.environ, "ECOPERF_DATA": str(self.workspace.parent), "TMPDIR": str(self.temporary), "LANG": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", ""))),
        }
        command = [sys.executable, str(Path(__file__).with_name("fault_command.py")), str(_APART_FROM), str(mark),
                   "--workspace", str(self.workspace), *arguments]  # fmt: skip
        started = time.monotonic()
        process = subprocess.Popen(
            command, env=environment, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        self._session = process.pid
        while not mark.exists() and process.poll() is None:
            time.sleep(0.002)
        self._began = time.monotonic() - started
        hit = False
        if kill_after is not None:
            try:
                process.wait(kill_after)
            except subprocess.TimeoutExpired:
                hit = self._kill(process, way)
        try:
            return process.wait(_PATIENCE), hit
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return 124, True

    def _kill(self, process: subprocess.Popen[bytes], way: str) -> bool:
        if way == "child":
            # A reading process may not be there yet, or be through.
            while process.poll() is None:
                children = [pid for pid in session(process.pid) if pid != process.pid]
                if children:
                    os.kill(self.chance.choice(children), signal.SIGKILL)
                    return True
                time.sleep(0.002)
            return False
        try:
            (os.killpg if way == "group" else os.kill)(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def _left(self) -> list[str]:
        """Return the processes that are still there when they had time to end; end them."""
        deadline = time.monotonic() + _ENDS_WITHIN
        while (left := session(self._session)) and time.monotonic() < deadline:
            time.sleep(0.01)
        names = []
        for pid in left:
            try:
                names.append(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()[-60:])
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        return names


def session(leader: int) -> list[int]:
    """Return the living processes of the session that ``leader`` began."""
    found = []
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            fields = Path(entry.path, "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == leader and fields[0] not in "ZX":
            found.append(int(entry.name))
    return found


def table(rounds: Sequence[Round]) -> str:
    """Return the rounds counted by work and way to die."""
    counted: Counter[tuple[str, str, str]] = Counter()
    for one in rounds:
        counted[one.work, one.way, "rounds"] += 1
        counted[one.work, one.way, "hit"] += one.was_hit
        counted[one.work, one.way, "wrong"] += bool(one.wrong)
    lines = [f"{'work':<10} {'killed':<7} {'rounds':>7} {'in mid-work':>12} {'wrong':>6}"]
    for work, way in sorted({(one.work, one.way) for one in rounds}):
        lines.append(f"{work:<10} {way:<7} {counted[work, way, 'rounds']:>7} {counted[work, way, 'hit']:>12} {counted[work, way, 'wrong']:>6}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--orders", type=int, default=3000)
    parser.add_argument("--folder", type=Path, help="keep everything there instead of in a temporary folder")
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="ecoperf-kills-"))
    began = time.monotonic()
    rounds = KillLoop(folder, asked.orders, asked.seed).rounds(asked.kills)
    print(table(rounds))
    for number, one in enumerate(rounds):
        for problem in one.wrong:
            print(f"round {number} ({one.work}, {one.way}, exit {one.code}): {problem}")
    wrong = sum(bool(one.wrong) for one in rounds)
    print(f"{wrong} of {len(rounds)} kills left something wrong; {time.monotonic() - began:.0f} s")
    if asked.folder is None and not wrong:
        shutil.rmtree(folder)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

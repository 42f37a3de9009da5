"""Imports stopped by a person or a signal at any moment: nothing of them is stored, and nothing of them goes on."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import check_workspace
import pytest
from fault_shop import ANSWERS, Told, write_text, write_workbook
from kills import ROOT, session

from ecoperf_desktop import actions
from ecoperf_desktop.errors import Cancelled
from ecoperf_desktop.importing import apart, plan
from ecoperf_desktop.importing.detect import Detector
from ecoperf_desktop.store.load import Loading

IN_CI = bool(os.environ.get("CI"))
MOMENTS = 50 if IN_CI else 10
CHOICES = actions.ImportChoices(settings=(("tz", "Europe/London"), ("currency", "GBP")))
ORDERS = 2500

# Where each phase begins: what is called then.
PHASES: dict[str, tuple[Any, str]] = {
    "inspect": (Detector, "recognise"),
    "parse": (plan, "begin"),
    "load": (Loading, "assert_rows"),
    "commit": (Loading, "finish"),
    "report": (plan, "_report"),
}
# A workbook is read where it is planned.
EACH = [(phase, way) for phase in PHASES for way in ("text", "apart", "workbook") if (phase, way) != ("parse", "workbook")]


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Told]]:
    folder = tmp_path_factory.mktemp("exports")
    text, book = folder / "orders.csv", folder / "orders.xlsx"
    return {"text": (text, write_text(text, 1000, ORDERS)), "workbook": (book, write_workbook(book, 1000, ORDERS))}


class Phase:
    """Asks for a stop some time after a phase began."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str, delay: float) -> None:
        self.asked = threading.Event()
        self.began: float | None = None
        owner, method = PHASES[name]
        call = getattr(owner, method)

        def observed(*given: Any, **named: Any) -> Any:
            if self.began is None:
                self.began = time.monotonic()
                timer = threading.Timer(delay, self.asked.set)
                timer.daemon = True
                timer.start()
            return call(*given, **named)

        monkeypatch.setattr(owner, method, observed)

    def progress(self, done: int, total: int, what: str) -> None:
        if self.asked.is_set():
            raise Cancelled


def imported(path: Path, workspace: Path, progress: Callable[[int, int, str], None], *, read_apart: bool) -> bool:
    """Import as the command line does; say whether it was done."""
    with actions.workspace(workspace, write=True) as opened:
        try:
            if not read_apart:
                actions.apply_import(actions.plan_import([path], CHOICES, opened, progress, unseen=True), opened, progress)
                return True
            with apart.ReadingProcess() as process:
                planned = actions.plan_import([path], CHOICES, opened, progress, unseen=True, apart=process)
                actions.apply_import(planned, opened, progress)
            return True
        except Cancelled:
            return False


def children() -> list[int]:
    own = os.getpid()
    found = []
    for pid in session(os.getsid(0)):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == own and b"importing" in command:
            found.append(pid)
    return found


@contextmanager
def temporary_folder(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    path.mkdir(exist_ok=True)
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    yield
    assert not list(path.iterdir()), "something was left in the temporary folder"


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")
@pytest.mark.parametrize(("phase", "way"), EACH if IN_CI else random.Random(7).sample(EACH, 5))
def test_b7_cancelled_at_any_moment_of_any_phase_nothing_is_imported(
    tmp_path: Path, exports: dict[str, tuple[Path, Told]], phase: str, way: str
) -> None:
    path, told = exports["workbook" if way == "workbook" else "text"]
    chance = random.Random(f"{phase} {way}")
    stopped = 0
    for number in range(MOMENTS // 3 + 1 if IN_CI else MOMENTS // 5):
        workspace = tmp_path / f"{number}" / "shop.ecoperf"
        with pytest.MonkeyPatch.context() as patch, temporary_folder(tmp_path / "tmp", patch):
            began = Phase(patch, phase, chance.choice((0.0, chance.uniform(0, 0.05), chance.uniform(0, 0.3))))
            done = imported(path, workspace, began.progress, read_apart=way == "apart")
            ended = time.monotonic()
        assert not children(), "a reading process goes on"
        if not done:
            stopped += 1
            assert began.began is not None and ended - began.began < 5
        wrong = check_workspace.problems(workspace, {path.name: told}) if number < 3 else []
        assert not wrong
        with actions.workspace(workspace) as opened:
            assert len(actions.ledger(opened)) == int(done)
            if not done:
                assert opened.conn.execute("SELECT count(*) FROM orders").fetchone() == (0,)
        assert not check_workspace.strays(workspace)
    if phase in ("inspect", "load"):
        assert stopped or not IN_CI


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a23_a_signal_during_an_import_rolls_it_back_and_ends_within_three_seconds(
    tmp_path: Path, exports: dict[str, tuple[Path, Told]], name: str
) -> None:
    number = getattr(signal, name)
    chance = random.Random(name)
    for way in ("text", "apart", "workbook") if IN_CI else (chance.choice(("text", "apart", "workbook")),):
        path, told = exports["workbook" if way == "workbook" else "text"]
        workspace = tmp_path / way / "shop.ecoperf"
        (tmp_path / way).mkdir()
        process, mark = started(tmp_path / way, 1000 if way == "apart" else 0, ["--workspace", str(workspace), "import", str(path), *ANSWERS])
        wait_for(mark.exists)
        time.sleep(chance.uniform(0.0, 0.3))
        began = time.monotonic()
        os.killpg(process.pid, number)  # as a terminal does: to all of the group
        _, said = process.communicate(timeout=20)
        took = time.monotonic() - began
        assert took < 3 + 3 * IN_CI, f"it took {took:.1f} s"  # a busy machine is no fault of ours
        assert process.returncode in (0, 128 + number), said
        assert "Traceback" not in said
        assert process.returncode == 0 or said.strip(), "it ended without a word"
        wait_for(partial(_is_over, process.pid))
        if workspace.exists():
            assert check_workspace.problems(workspace, {path.name: told}) == []
            with actions.workspace(workspace) as opened:
                assert len(actions.ledger(opened)) == (process.returncode == 0)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(
    "slow",
    [
        "opened.conn.execute('WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c').fetchone()",
        "__import__('hashlib').pbkdf2_hmac('sha256', b'a', b'b', 1_000_000_000)",
    ],
    ids=["inside SQL", "inside anything else"],
)
def test_a23_what_hears_of_no_signal_is_ended_all_the_same_and_nothing_of_it_is_stored(tmp_path: Path, slow: str) -> None:
    workspace = tmp_path / "shop.ecoperf"
    script = f"""
        import sys
        from ecoperf_desktop import actions, cli
        def slow(paths, choices, opened, *given, **named):
            with opened.transaction():
                opened.set_setting("brand_words", "half")
                print("began", flush=True)
                {slow}
        actions.plan_import = slow
        sys.exit(cli.main(["--workspace", {str(workspace)!r}, "import", "x.csv"]))
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, env={**os.environ, "ECOPERF_DATA": str(tmp_path)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "began\n"
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 128 + signal.SIGTERM, said
    assert time.monotonic() - began < 3 + 3 * IN_CI
    assert said.strip() and "Traceback" not in said
    with actions.workspace(workspace, write=True) as opened:
        assert opened.setting("brand_words") is None
    assert check_workspace.problems(workspace) == []


def started(folder: Path, apart_from: int, arguments: list[str]) -> tuple[subprocess.Popen[str], Path]:
    mark = folder / "began"
    environment = {**os.environ, "ECOPERF_DATA": str(folder), "PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))}
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("fault_command.py")), str(apart_from), str(mark), *arguments], cwd=folder, env=environment,
        text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    return process, mark


def _is_over(leader: int) -> bool:
    return not session(leader)


def wait_for(until: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.005)

"""What the program touches: no network, no file outside its own folders, nothing that others may read; and a disk without room."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import check_workspace
import faults
import pytest
from fault_shop import ANSWERS, Told, write_text
from kills import ROOT

IN_CI = bool(os.environ.get("CI"))
STRACE = pytest.mark.skipif(faults.lacks() is not None, reason=faults.lacks() or "")
_CALLS = "openat,creat,connect,socket,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,symlink,symlinkat,link,linkat"
_CHANGES = re.compile(r"^\d+ +(rename\w*|unlink\w*|mkdir\w*|symlink\w*|link\w*|creat)\(.* = 0$")
_WRITES = re.compile(r"^\d+ +openat\(.*O_(?:WRONLY|RDWR|CREAT|TRUNC).* = \d")
_PATH = re.compile(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"([^"]+)"')


def environment(folder: Path) -> dict[str, str]:
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    return {
        **os.environ, "ECOPERF_DATA": str(folder / "data"), "TMPDIR": str(folder / "tmp"), "HOME": str(folder / "home"), "LANG": "C.UTF-8",
        "XDG_RUNTIME_DIR": str(folder / "tmp"), "QT_QPA_PLATFORM": "offscreen", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT),
    }  # fmt: skip


def run(folder: Path, *arguments: str, before: tuple[str, ...] = (), data_umask: int = 0o022) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*before, sys.executable, "-m", "ecoperf_desktop", *arguments], cwd=folder, env=environment(folder), text=True, capture_output=True,
        check=False, timeout=300, umask=data_umask,
    )  # fmt: skip


def watched(folder: Path, *arguments: str) -> list[str]:
    """Run the program under strace; return what it reached for that is none of its business."""
    log = folder / "strace"
    done = run(folder, *arguments, before=("strace", "-f", "-y", "-qq", "--seccomp-bpf", "-s", "300", "-o", str(log), "-e", f"trace={_CALLS}"))
    assert done.returncode == 0, done.stdout + done.stderr
    wrong = []
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if "AF_INET" in line:
            wrong.append(f"network: {line}")
        if _CHANGES.match(line) or _WRITES.match(line):
            for within, name in _PATH.findall(line):
                path = os.path.normpath(os.path.join(folder, within, name))
                if not path.startswith((f"{folder}/data", f"{folder}/tmp", f"{folder}/export", "/dev/", "/proc/", "/memfd")):
                    wrong.append(f"outside: {line}")
    return wrong


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path = tmp_path.resolve()
    for name in ("data", "export", "home", "tmp"):
        (tmp_path / name).mkdir()
    write_text(tmp_path / "orders.csv", 1000, 400)
    return tmp_path


@STRACE
def test_d16_d17_import_report_and_explanation_reach_for_no_network_and_write_in_their_own_folders_only(folder: Path) -> None:
    assert watched(folder, "import", str(folder / "orders.csv"), *ANSWERS) == []
    assert watched(folder, "report", "--period", "last", "--page", "sales", "-o", str(folder / "export" / "week.pdf")) == []
    assert watched(folder, "explain", "net_sales", "--period", "last", "--json") == []


@STRACE
@pytest.mark.skipif(not IN_CI, reason="the window's own test takes long: CI runs it")
def test_d16_d17_the_window_reaches_for_no_network_and_writes_in_its_own_folders_only(folder: Path) -> None:
    assert watched(folder, "--self-test") == []


@pytest.mark.skipif(shutil.which("unshare") is None or os.name == "nt" or os.geteuid() != 0, reason="needs unshare and root")
def test_d16_the_program_works_where_there_is_no_network_at_all(folder: Path) -> None:
    if subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode:
        pytest.skip("namespaces may not be made here")
    done = run(folder, "import", str(folder / "orders.csv"), *ANSWERS, before=("unshare", "-n"))
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
def test_d17_what_is_kept_can_be_read_by_nobody_else_whatever_the_umask_is(folder: Path) -> None:
    shutil.rmtree(folder / "data")
    for command in (("import", str(folder / "orders.csv"), *ANSWERS), ("backup",)):
        done = run(folder, *command, data_umask=0)
        assert done.returncode == 0, done.stderr
    open_to_others = [
        str(path.relative_to(folder)) for path in (folder / "data", *(folder / "data").rglob("*")) if stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    assert [name for name in open_to_others if "/cache/" not in name] == []  # in there are our own texts only


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk of 8 MB of its own."""
    place = tmp_path / "small"
    place.mkdir()
    if os.name == "nt" or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)], check=False, capture_output=True).returncode:
        pytest.skip("no disk may be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a7_a_disk_that_gets_full_in_an_import_leaves_the_workspace_as_it_was(folder: Path, small_disk: Path) -> None:
    workspace, told = small_disk / "shop.ecoperf", {"orders.csv": Told()}
    told["orders.csv"] = write_text(folder / "orders.csv", 1000, 400)
    assert run(folder, "--workspace", str(workspace), "import", str(folder / "orders.csv"), *ANSWERS).returncode == 0
    write_text(folder / "many.csv", 5000, 30_000)
    full = run(folder, "--workspace", str(workspace), "import", str(folder / "many.csv"), *ANSWERS)
    assert full.returncode == 1 and "Traceback" not in full.stderr
    assert re.search(r"disk|MB|room|space", full.stderr), full.stderr
    assert check_workspace.problems(workspace, told) == []
    assert run(folder, "--workspace", str(workspace), "value", "orders", "--from", "2026-06-01", "--to", "2026-07-30").returncode == 0


@pytest.mark.parametrize("form", ["pdf", "html", "txt", "json"])
def test_a9_a_disk_that_is_full_keeps_the_old_report_and_no_draft(folder: Path, small_disk: Path, form: str) -> None:
    assert run(folder, "import", str(folder / "orders.csv"), *ANSWERS).returncode == 0
    old = small_disk / f"week.{form}"
    old.write_bytes(b"an older report")
    with pytest.raises(OSError), (small_disk / "filling").open("wb", buffering=0) as stream:
        while stream.write(b"\0" * 4096):
            pass
    full = run(folder, "report", "--period", "last", "--page", "sales", "-o", str(old))
    assert full.returncode == 1 and full.stderr.strip() and "Traceback" not in full.stderr, full.stdout + full.stderr
    assert old.read_bytes() == b"an older report"
    assert sorted(one.name for one in small_disk.iterdir()) == ["filling", old.name]
    backed_up = run(folder, "backup", str(small_disk))
    assert backed_up.returncode == 1 and backed_up.stderr.strip() and "Traceback" not in backed_up.stderr
    assert not [one.name for one in small_disk.rglob("*.ecoperf")]

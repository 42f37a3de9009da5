"""Fuzz the parsers: whatever bytes they get, they answer or refuse with words.

    ./run python tests/reliability/fuzz.py                          every target, two minutes each
    ./run python tests/reliability/fuzz.py json split --seconds 600
    python fuzz.py TARGET --atheris                                 coverage by libFuzzer, in one process, of one target

Without ``--atheris`` mutations are our own, and what reaches new lines is kept and mutated further (``sys.monitoring`` on
Python 3.12 and later, ``settrace`` before). ``--atheris`` needs atheris, which is no dependency of the project; in an environment
of its own that sees the project's:

    python3 -m venv /tmp/fuzz && /tmp/fuzz/bin/pip install atheris
    PYTHONPATH=.:.venv/lib/python3.11/site-packages /tmp/fuzz/bin/python tests/reliability/fuzz.py json --atheris --seconds 600

Seeds are those here and the files below 64 kB of ../shared/badinput, where that lies. An input that makes a parser fail, or takes it
longer than ten seconds, is written to ``--crashes`` (default: fuzz-crashes below the temporary folder) and the exit code is 1.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import random
import sys
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

SHARED = ROOT.parent / "shared" / "badinput"
SLOW = 10.0  # seconds a single small input may take
LONGEST = 65_536

Target = Callable[[bytes], None]


def _member(content: bytes, name: str, kind: str) -> Any:
    from ecoperf_desktop.importing.container import Member

    return Member(Path(name), None, "", len(content), 0, kind, content[:65_536], _content=content)  # type: ignore[arg-type]


def formula(content: bytes) -> None:
    from ecoperf_desktop.metrics import formula as room

    node = room.parse(content.decode("utf-8", "replace"))
    for value in (3, 0, 0.1):
        with contextlib.suppress(room.NoBase):
            room.evaluate(node, dict.fromkeys(room.names(node), value).__getitem__)


def own(content: bytes) -> None:
    from ecoperf_desktop.metrics.catalogue import catalogue
    from ecoperf_desktop.metrics.own import checked
    from ecoperf_desktop.model.metric import OwnMetric

    checked(OwnMetric("mine", "Mine", "", content.decode("utf-8", "replace"), "ratio"), catalogue())


def detect(content: bytes) -> None:
    from ecoperf_desktop.importing import dialect, encoding

    member = _member(content, "fuzz.csv", "text")
    found = encoding.encodings(member)
    assert dialect.dialects(encoding.head(member, found.names[0] if hasattr(found, "names") and found.names else "utf-8"))


def split(content: bytes) -> None:
    from ecoperf_desktop.importing.dialect import dialects
    from ecoperf_desktop.importing.split import TextReader

    member = _member(content, "fuzz.csv", "text")
    for found in dialects(content[:4096])[:2]:
        reader = TextReader(member, "utf-8", found, 0, block=4096)
        for block in reader.blocks():
            for cells in block.columns:
                cells.texts()


def values(content: bytes) -> None:
    from ecoperf_desktop.importing import convert
    from ecoperf_desktop.importing.text import Cells

    texts = [text for text in content.decode("utf-8", "replace").replace("\0", "").split("\n")][:200]
    cells = Cells.of(texts)
    for mark in (".", ","):
        convert.numbers(cells, mark=mark, percent=True)
        convert.money(cells, "CNY", mark=mark)
    convert.integer(cells)
    convert.real(cells)
    convert.text(cells)
    convert.identifier(cells)
    convert.day(cells)
    convert.moment(cells, "Asia/Shanghai")


def archive(content: bytes) -> None:
    from ecoperf_desktop.importing import container, workbook

    path = _scratch() / "fuzz.zip"
    path.write_bytes(content)
    for member in container.members(path):
        if member.kind == "workbook" and member.form == "xlsx":
            workbook.check_workbook(member.read(LONGEST * 4), member)


def json(content: bytes) -> None:
    from ecoperf_desktop.importing import documents

    reader = documents.json_reader(_member(content, "fuzz.json", "json"))
    for block in reader.blocks():
        for cells in block.columns:
            cells.texts()


def html(content: bytes) -> None:
    from ecoperf_desktop.importing import documents

    documents.html_tables(_member(content, "fuzz.xls", "html"))


def restore(content: bytes) -> None:
    from ecoperf_desktop.store import trust

    path = _scratch() / "fuzz.ecoperf"
    path.write_bytes(content)
    trust.require(path)


TARGETS: dict[str, Target] = {target.__name__: target for target in (formula, own, detect, split, values, archive, json, html, restore)}

_FOLDERS = {
    "detect": ("generated/csv", "encodings_chardet", "clevercsv", "duckdb", "messytables"), "split": ("generated/csv", "csv-spectrum", "csvw", "pandas_cases"),
    "archive": ("generated/zip", "generated/xlsx", "generated"), "json": ("generated/json", "jsontestsuite"), "values": ("blns",), "html": ("generated/csv",),
}  # fmt: skip
_ENDINGS = {"archive": (".zip", ".xlsx", ".ods"), "json": (".json", ".jsonl"), "html": (".html", ".xls", ".htm")}


@cache
def _scratch() -> Path:
    shm = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="ecoperf-fuzz-", dir=shm if shm.is_dir() else None))


def seeds(name: str) -> list[bytes]:
    """Return what a target's mutations begin with."""
    found = _own_seeds(name)
    for folder in _FOLDERS.get(name, ()):
        for path in sorted((SHARED / folder).rglob("*") if (SHARED / folder).is_dir() else ()):
            if path.is_file() and path.stat().st_size <= LONGEST and path.suffix.lower() in _ENDINGS.get(name, (path.suffix.lower(),)):
                found.append(path.read_bytes())
    return found[:1500]


def _own_seeds(name: str) -> list[bytes]:
    match name:
        case "formula" | "own":
            return [b"net_sales / orders", b"coalesce(min(1, orders), -(2.5 * days)) + abs(0 - 3)", b"1/0", b"((1))", b"max(orders, 1, 2)"]
        case "values":
            return [
                "1,234.50\n(1.00)\n1.00-\n1.2万\n3亿\n12 %\n¥ 5\n−4\n1e5\n9223372036854775807\n'0012\n=\"0010\"".encode(),
                "2026-08-16\n16/08/2026 10:00\n2026-08-16T10:00:00+08:00\n1755300000\n45520.5\n2026年8月16日 下午3:00\nAug 16, 2026\n00:00".encode(),
            ]
        case "json":
            return [b'[{"a":1,"b":{"c":[1,2]}},{"a":"x"}]', b'{"a":1}\n{"a":2}\n', b'{"data":{"orders":[{"id":1e400}]}}', b"[[[[]]]]", b'["\\ud800"]']
        case "html":
            return [b"<html><table><tr><th>a<td rowspan=2>b</tr><tr><td>&#x41;&amp;</table>"]
        case "archive":
            return [_zip({"a.csv": b"a,b\n1,2\n"}), _xlsx(), _zip({"x/../y.csv": b"a", "b.xlsx": _xlsx()})]
        case "restore":
            return [_workspace()]
        case _:
            return [
                b'a,b,c\n1,"x ""y""\nz",3\n4,5,6\n', b"a;b\r\n1;2\r\n\r\n", b"\xef\xbb\xbfa\tb\n1\t2\n", "日期,金额\n2026-08-16,1\n".encode("gb18030"),
                "a,b\n1,é\n".encode("utf-16"), b"a|b\n'1|2'|3\n", b'"a","b\n1,2\n', b"a,b\n1,2,\n3,4,\n",
            ]


def _zip(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content)
    return out.getvalue()


def _xlsx() -> bytes:
    sheet = b'<worksheet><dimension ref="A1:B2"/><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row></sheetData></worksheet>'
    return _zip({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>", "xl/worksheets/sheet1.xml": sheet})


@cache
def _workspace() -> bytes:
    from ecoperf_desktop.store.database import Workspace

    path = _scratch() / "seed.ecoperf"
    if not path.exists():
        Workspace.open(path, write=True).close()
    return path.read_bytes()


# ---- running one input


def expected(problem: BaseException) -> bool:
    from ecoperf_desktop.errors import EcoPerfError

    return isinstance(problem, EcoPerfError)


def run_one(target: Target, content: bytes) -> str:
    """Return why an input is a finding, empty when the target answered or refused in time."""
    began = time.process_time()
    try:
        target(content)
    except Exception as problem:
        if not expected(problem):
            return "".join(traceback.format_exception(problem)[-3:])
        str(problem)  # the refusal has words
    took = time.process_time() - began
    return f"took {took:.1f} s\n" if took > SLOW else ""


# ---- our own mutations, kept where they reach new lines

_TOKENS = (
    b'"', b"'", b",", b";", b"\t", b"\r\n", b"\n", b"\r", b"\0", b"\xff", b"\xef\xbb\xbf", b"{", b"}", b"[", b"]", b":", b"\\u", b"\\ud800", b"1e999", b"-",
    b"NaN", b"9" * 20, b"<td>", b"</table>", b"<!--", b"&#x", b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"../", b"(", b")", b"*", b"/", b"min(", b"0", b"\xe4\xb8\x87",
    b"=", b"\x80\x00", b"\x00\x00\x00\x00", b"\x7f\xff\xff\xff", b"CREATE TRIGGER", b"%", b"2026-02-30", b"\xf0\x9f\x91\xa9",
)  # fmt: skip


def mutated(chance: random.Random, seed: bytes, other: bytes) -> bytes:
    """Return a seed with some things changed, put in, taken out, doubled or joined with another's."""
    content = bytearray(seed)
    for _ in range(chance.choice((1, 1, 2, 3, 6))):
        place = chance.randrange(len(content) + 1)
        match chance.randrange(7):
            case 0 if content:
                content[min(place, len(content) - 1)] = chance.randrange(256)
            case 1:
                content[place:place] = chance.choice(_TOKENS)
            case 2:
                del content[place : place + chance.choice((1, 2, 8, 64))]
            case 3:
                content[place:place] = content[place : place + chance.choice((1, 4, 32))] * chance.choice((2, 3, 50))
            case 4 if content:
                content[min(place, len(content) - 1)] ^= 1 << chance.randrange(8)
            case 5 if other:
                start = chance.randrange(len(other))
                content[place:] = other[start:]
            case _:
                end = place + chance.choice((1, 2, 4))
                content[place:end] = bytes(chance.randrange(256) for _ in range(end - place))
    return bytes(content[:LONGEST])


class Reached:
    """Lines of the package that were run for the first time."""

    def __init__(self) -> None:
        self.seen: set[tuple[CodeType, int]] = set()
        self.fresh = False
        self._package = str(ROOT / "ecoperf_desktop")

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        if hasattr(sys, "monitoring"):
            mine, events = sys.monitoring.COVERAGE_ID, sys.monitoring.events
            sys.monitoring.use_tool_id(mine, "fuzz")
            sys.monitoring.register_callback(mine, events.LINE, self._line)
            sys.monitoring.set_events(mine, events.LINE)
            try:
                yield
            finally:
                sys.monitoring.set_events(mine, 0)
                sys.monitoring.free_tool_id(mine)
        else:
            sys.settrace(self._call)
            try:
                yield
            finally:
                sys.settrace(None)

    def _line(self, code: CodeType, line: int) -> object:
        if code.co_filename.startswith(self._package):
            self._note(code, line)
        return sys.monitoring.DISABLE  # type: ignore[attr-defined]

    def _call(self, frame: FrameType, event: str, argument: object) -> Any:
        return self._traced if frame.f_code.co_filename.startswith(self._package) else None

    def _traced(self, frame: FrameType, event: str, argument: object) -> Any:
        if event == "line":
            self._note(frame.f_code, frame.f_lineno)
        return self._traced

    def _note(self, code: CodeType, line: int) -> None:
        if (code, line) not in self.seen:
            self.seen.add((code, line))
            self.fresh = True


def fuzz(name: str, seconds: float, seed: int, crashes: Path) -> tuple[int, int, int, int]:
    """Mutate for some time; return how many inputs were run, kept, lines reached, and findings."""
    target, chance = TARGETS[name], random.Random(seed)
    pool = seeds(name)
    reached, runs, findings, known = Reached(), 0, 0, set()
    ends = time.monotonic() + seconds
    with reached.watching():
        waiting = list(pool)
        while time.monotonic() < ends:
            content = waiting.pop() if waiting else mutated(chance, chance.choice(pool[-400:] if chance.random() < 0.5 else pool), chance.choice(pool))
            reached.fresh = False
            why = run_one(target, content)
            runs += 1
            if why:
                mark = why.splitlines()[-1][:60] + why.splitlines()[0][:120]
                if mark not in known:
                    known.add(mark)
                    findings += 1
                    crashes.mkdir(parents=True, exist_ok=True)
                    (crashes / f"{name}-{findings}").write_bytes(content)
                    (crashes / f"{name}-{findings}.txt").write_text(why, encoding="utf-8")
            elif reached.fresh:
                pool.append(content)
    return runs, len(pool), len(reached.seen), findings


def by_atheris(name: str, seconds: float, crashes: Path) -> None:
    """Hand the target to libFuzzer, which ends the process."""
    import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]

    with atheris.instrument_imports(include=["ecoperf_desktop"]):
        import ecoperf_desktop.importing.convert
        import ecoperf_desktop.importing.documents
        import ecoperf_desktop.importing.split
        import ecoperf_desktop.importing.workbook
        import ecoperf_desktop.metrics.own
        import ecoperf_desktop.store.trust  # noqa: F401
    corpus = _scratch() / "corpus"
    corpus.mkdir()
    for number, content in enumerate(seeds(name)):
        (corpus / str(number)).write_bytes(content)
    crashes.mkdir(parents=True, exist_ok=True)

    def one(content: bytes) -> None:
        why = run_one(TARGETS[name], content)
        if why:
            raise RuntimeError(why)

    options = [f"-max_total_time={int(seconds)}", f"-artifact_prefix={crashes}/{name}-", f"-max_len={LONGEST}", "-timeout=20", "-rss_limit_mb=4096", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], one)
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzz the parsers.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--crashes", type=Path, default=Path(tempfile.gettempdir()) / "fuzz-crashes")
    parser.add_argument("--atheris", action="store_true", help="coverage by libFuzzer, of one target")
    asked = parser.parse_args()
    unknown = [name for name in asked.targets if name not in TARGETS]
    if unknown or (asked.atheris and len(asked.targets) != 1):
        parser.error(f"targets are {', '.join(TARGETS)}")
    if asked.atheris:
        by_atheris(asked.targets[0], asked.seconds, asked.crashes)
        return 0
    print(f"{'target':<10} {'runs':>9} {'kept':>6} {'lines':>6} {'findings':>8}")
    wrong = 0
    for name in asked.targets or TARGETS:
        runs, kept, lines, findings = fuzz(name, asked.seconds, asked.seed, asked.crashes)
        wrong += findings
        print(f"{name:<10} {runs:>9} {kept:>6} {lines:>6} {findings:>8}", flush=True)
    if wrong:
        print(f"what failed lies in {asked.crashes}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

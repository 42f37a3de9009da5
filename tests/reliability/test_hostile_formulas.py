"""A person's own metrics are a small closed language with limits, each named in its refusal; nothing anywhere runs text."""

from __future__ import annotations

import ast
import contextlib
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecoperf_desktop import actions
from ecoperf_desktop.errors import MetricRefused
from ecoperf_desktop.metrics import formula
from ecoperf_desktop.metrics.catalogue import catalogue
from ecoperf_desktop.metrics.own import checked, made_of, problems, with_own
from ecoperf_desktop.model.metric import OwnMetric
from ecoperf_desktop.store.database import Workspace

PACKAGE = Path(__file__).resolve().parents[2] / "ecoperf_desktop"
OWN = OwnMetric("mine", "Mine", "", "orders", "count")


@pytest.mark.parametrize(("text", "code", "limit"), [
    ("1" + "+1" * 1000, "metrics.formula_too_long", "2000"),
    ("1" + "+1" * 100, "metrics.formula_too_large", "200"),
    ("-" * 60 + "1", "metrics.formula_too_deep", "32"),
    ("(" * 40 + "1" + ")" * 40, "metrics.formula_too_deep", "32"),
    ("min(" * 40 + "1", "metrics.formula_too_deep", "32"),
    ("1234567890123456", "metrics.formula_long_number", "15"),
    ("0.1234567890123456", "metrics.formula_long_number", "15"),
])  # fmt: skip
def test_each_limit_of_a_formula_is_named_in_its_refusal(text: str, code: str, limit: str) -> None:
    with pytest.raises(MetricRefused) as refused:
        formula.parse(text)
    assert refused.value.code == code and limit in str(refused.value)


@pytest.mark.parametrize("text", [
    "2**10", "orders^2", "1e9", "0x10", "orders.real", "orders[0]", "'text'", '"text"', "__import__('os')", "eval(1)", "exec(1)", "open(1)",
    "lambda: 1", "orders if 1 else 2", "orders and 1", "a:=1", "orders;1", "orders\x00", "{orders}", "%s", "f(1)", "abs", "abs()", "min(1)",
    "(", ")", "", " ", "1,2", "--", "１２", "orders # x", "sum(orders)", "True", "None", "orders\u202e+1", "*1", "1 2", "; DROP TABLE orders",
    "../../x", "SELECT 1", "=1+1",
])  # fmt: skip
def test_what_is_not_of_the_language_is_refused(text: str) -> None:
    with pytest.raises(MetricRefused):
        node = formula.parse(text)
        checked(replace(OWN, expression=text), catalogue())
        raise AssertionError(node)


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("0123456789.+-*/(), abcoslemx_'\"[]{}\\\n\0**"), max_size=60) | st.text(max_size=30))
def test_any_text_is_a_formula_or_refused(text: str) -> None:
    with contextlib.suppress(MetricRefused):
        node = formula.parse(text)
        with contextlib.suppress(formula.NoBase):
            formula.evaluate(node, lambda name: 3)


@pytest.mark.parametrize("value", [10**300, 1e308, -1e308, 5e-324, 0, 0.0])
@pytest.mark.parametrize("text", ["x*x*x*x", "x/x/x", "1/x", "x-x*999999999999999*x", "x/(x*x)", "coalesce(1/x, x*x*x, 2)"])
def test_a_result_beyond_all_numbers_has_no_base(text: str, value: float) -> None:
    try:
        found = formula.evaluate(formula.parse(text), lambda name: value)
    except formula.NoBase:
        return
    assert found is not None and found == found and abs(found) != float("inf")


def test_products_of_products_do_not_fill_the_memory() -> None:
    number: object = 10**15 + 1
    started = time.process_time()
    node = formula.parse("*".join(["x"] * 90))
    for _ in range(40):
        try:
            number = formula.evaluate(node, lambda name, number=number: number)  # type: ignore[misc]
        except formula.NoBase:
            break
    assert time.process_time() - started < 2


def _chain(length: int) -> list[OwnMetric]:
    return [
        replace(OWN, id=f"own_{place:03d}", name=f"Own {place}", expression="orders" if not place else f"own_{place - 1:03d} + own_{max(0, place - 2):03d}")
        for place in range(length)
    ]


def test_two_hundred_metrics_may_rest_on_each_other_and_no_more() -> None:
    started = time.process_time()
    chain = _chain(230)
    known = with_own(catalogue(), chain)
    assert "own_200" in known.metrics and "own_201" not in known.metrics
    wrong = problems(catalogue(), chain)
    assert wrong["own_201"].code == "metrics.own_graph" and "200" in str(wrong["own_201"])
    assert time.process_time() - started < 6


def test_a_long_chain_is_worked_out(tmp_path: Path) -> None:
    path = tmp_path / "chain.ecoperf"
    with actions.workspace(path, write=True) as opened, opened.transaction() as conn:
        for own in _chain(60):
            conn.execute("INSERT INTO own_metric VALUES (?, ?, '', ?, 'count', 'higher', NULL)", (own.id, own.name, own.expression))
    from ecoperf_desktop.model.days import Period, parse_day
    from ecoperf_desktop.model.value import Question

    with actions.workspace(path) as opened:
        values = actions.values(opened, Question(("own_059",), Period(parse_day("2026-01-01"), parse_day("2026-01-07"))))
    assert values[0].value is None


def test_a_circle_is_named_step_by_step() -> None:
    three = [
        replace(OWN, id="first_own", expression="second_own + 1"), replace(OWN, id="second_own", expression="third_own + 1"),
        replace(OWN, id="third_own", expression="orders"),
    ]
    known = with_own(catalogue(), three)
    with pytest.raises(MetricRefused) as refused:
        checked(replace(three[2], expression="first_own * 2"), known)
    assert "third_own → first_own → second_own → third_own" in str(refused.value)
    circle = [*three[:2], replace(three[2], expression="first_own * 2")]
    assert set(problems(catalogue(), circle)) == {"first_own", "second_own", "third_own"}


def test_d11_d5_hostile_own_metrics_in_a_workspace_stay_out_and_the_others_work(tmp_path: Path) -> None:
    path = tmp_path / "pack.ecoperf"
    Workspace.open(path, write=True).close()
    conn = sqlite3.connect(path)
    rows = [
        ("good_one", "Good", "orders / 2", "ratio", "higher"), ("on_good", "On good", "good_one * 2", "ratio", "higher"),
        ("'; DROP TABLE orders; --", "x", "orders", "count", "higher"), ("../../x", "x", "orders", "count", "higher"),
        ("bad_one", "x" * 5000, "orders", "count", "higher"), ("bad_two", "x", "(" * 2000, "count", "higher"),
        ("bad_three", "x", "1" * 1_000_000, "count", "higher"), ("bad_four", "x", "orders", "<script>", "higher"),
        ("bad_five", "x", "orders", "count", "sideways"), ("net_sales", "x", "orders", "count", "higher"), ("bad_six", "", "orders", "count", "higher"),
        *((f"many_{place}", f"Many {place}", f"many_{place - 1} + 1" if place else "orders", "count", "higher") for place in range(400)),
    ]
    conn.executemany("INSERT INTO own_metric VALUES (?, ?, '', ?, ?, ?, NULL)", rows)
    conn.commit()
    conn.close()
    started = time.process_time()
    with actions.workspace(path) as opened:
        known = actions.known_metrics(opened)
        told = actions.own_metrics(opened)
    assert {"good_one", "on_good"} <= set(known.metrics)
    assert not {"bad_one", "bad_two", "bad_three", "bad_four", "bad_five", "bad_six", "../../x"} & set(known.metrics)
    assert known.metrics["net_sales"] == catalogue().metrics["net_sales"]
    assert made_of("good_one", told) == ["on_good"]
    assert time.process_time() - started < 10


# ---- nothing runs text

FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "input", "breakpoint", "execfile"}
FORBIDDEN_NAMES = {
    "read_pickle", "read_html", "read_xml", "read_sql", "read_hdf", "to_pickle", "load_extension", "enable_load_extension", "system", "popen",
    "startfile", "extractall", "extract", "unpack_archive", "mktemp", "loads_pickle", "setHtml", "setMarkdown", "insertHtml", "appendHtml",
    "fromHtml", "AutoText", "RichText", "MarkdownText", "setOpenExternalLinks", "startDetached", "executescript",
}  # fmt: skip
FORBIDDEN_CLASSES = {
    "QMessageBox", "QTextBrowser", "QTextDocument", "QErrorMessage", "QProcess", "QNetworkAccessManager", "QWebEngineView", "QSqlDatabase",
    "QUiLoader", "QPluginLoader", "QStaticText",
}  # fmt: skip
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "yaml", "dill", "code", "ctypes.util", "runpy", "imp", "telnetlib", "webbrowser", "importlib"}
# Who may, and why.
ALLOWED = {
    ("records.py", "exec"): "a record's __init__, written from the names of our own fields",
    ("metrics/recomputed.py", "executescript"): "the schema's literal steps",
    ("store/trust.py", "executescript"): "the schema's literal steps",
    ("store/database.py", "enable_load_extension"): "switched off there",
}


@cache
def _nodes() -> tuple[tuple[str, ast.AST], ...]:
    """Return every call, name, attribute and import of the package, walked once."""
    kinds = (ast.Call, ast.Attribute, ast.Name, ast.Import, ast.ImportFrom)
    return tuple(
        (path.relative_to(PACKAGE).as_posix(), node)
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, kinds)
    )


def _calls() -> Iterator[tuple[str, ast.Call]]:
    return ((name, node) for name, node in _nodes() if isinstance(node, ast.Call))


def test_nothing_evaluates_text_or_reads_what_runs() -> None:
    found = []
    for name, node in _nodes():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
            found.append((name, node.func.id))
        elif isinstance(node, ast.Attribute) and node.attr in FORBIDDEN_NAMES:
            found.append((name, node.attr))
        elif isinstance(node, ast.Name) and node.id in FORBIDDEN_CLASSES | {"Unpickler"}:
            found.append((name, node.id))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found += [(name, module) for module in modules if module.split(".")[0] in FORBIDDEN_MODULES]
    assert not [one for one in found if one not in ALLOWED], found


def test_d9_programs_are_started_from_lists_by_one_file_and_never_by_a_shell() -> None:
    starters = set()
    for name, call in _calls():
        words = {keyword.arg for keyword in call.keywords}
        assert "shell" not in words, name
        target = call.func
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id in ("subprocess", "os", "pty"):
            if target.attr in ("Popen", "run", "call", "check_output", "check_call", "getoutput", "spawnv", "execv", "posix_spawn", "fork"):
                starters.add(name)
                assert ast.unparse(call.args[0]) == "command(argument)", f"{name}: arguments are a list"
    assert starters == {"importing/child.py"}
    from ecoperf_desktop.importing import child

    assert all(isinstance(word, str) for word in child.command(child.READ_TEXT)) and isinstance(child.command(child.READ_TEXT), list)


def test_d9_only_folders_of_our_own_are_opened_by_the_system() -> None:
    """``openUrl`` is given places of the program itself (``paths.…``, or the workspace's folder), never text of data."""
    openers = {name for name, call in _calls() if isinstance(call.func, ast.Attribute) and call.func.attr in ("openUrl", "setUrlHandler")}
    assert openers <= {"ui/guide.py", "ui/backups_dialog.py"}


def test_no_reader_of_pandas_or_numpy_is_given_a_name_that_could_be_an_address() -> None:
    readers = {"read_csv", "read_table", "read_json", "read_excel", "read_parquet", "read_feather", "genfromtxt", "loadtxt", "fromfile", "urlopen", "rows_from_file"}
    used = {(name, call.func.attr) for name, call in _calls() if isinstance(call.func, ast.Attribute) and call.func.attr in readers}
    assert not used
    loads = {
        (name, ast.unparse(call)) for name, call in _calls()
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("load", "query") and isinstance(call.func.value, ast.Name) and call.func.value.id in ("np", "numpy", "pd")
    }  # fmt: skip
    assert not {one for one in loads if "allow_pickle=False" not in one[1]}


def test_every_label_of_qt_is_ours_or_a_picture() -> None:
    """``QLabel`` guesses whether its text is markup: it is made in ``texts`` (plainly) and where it holds a picture."""
    makers = {name for name, call in _calls() if isinstance(call.func, ast.Name) and call.func.id == "QLabel"}
    assert makers <= {"ui/about.py"}
    for name, call in _calls():
        if isinstance(call.func, ast.Attribute) and call.func.attr == "setToolTip":
            shown = ast.unparse(call.args[-1])
            assert shown.startswith(("tip(", "''", "sentence(", "metric.id", "widget.property(_OWN_TIP)")), f"{name}: {shown}"
        if isinstance(call.func, ast.Attribute) and call.func.attr == "showText":
            assert ast.unparse(call.args[1]).startswith("tip("), name

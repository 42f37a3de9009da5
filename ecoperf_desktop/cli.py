"""Arguments to actions, and their results to text or JSON."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn, TextIO, cast

from ecoperf_desktop import __version__, actions, cli_json, language, paths, plain, settings
from ecoperf_desktop.errors import (
    Cancelled,
    EcoPerfError,
    UsageError,
    WorkspaceDamaged,
    WorkspaceError,
    WorkspaceInUse,
)
from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.days import Grain, Period, iso, parse_day
from ecoperf_desktop.model.importing import FileReport, ImportReport
from ecoperf_desktop.model.value import Question

if TYPE_CHECKING:
    from ecoperf_desktop.reports.blocks import Compare
    from ecoperf_desktop.store.database import Workspace
    from ecoperf_desktop.store.events import Event

OK, REFUSED, USAGE = 0, 1, 2
_GRACE = 1.0  # seconds for work to stop by itself, and again for SQL to


class _Stop:
    """Turns Ctrl-C, SIGTERM and a closed terminal into work that is rolled back instead of a killed process.

    Work that hears of it stops by itself.  SQL that takes long is interrupted after a second, and whatever still goes on
    a second later ends with the process: what is not committed is not there when the workspace is opened again.
    """

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.opened: Workspace | None = None  # whose statements are interrupted
        self._ended = threading.Event()
        self._number = int(signal.SIGINT)
        self._heard = 0
        self._pipe: int | None = None

    @property
    def code(self) -> int:
        """Return the exit code by which a shell knows of the signal."""
        return 128 + self._number

    def watch(self) -> None:
        # While the main thread is inside SQLite, only the system's own part of a signal is done: it writes to this pipe.
        reading, writing = os.pipe()
        if os.name != "nt":
            os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        self._pipe = writing
        threading.Thread(target=self._follow, args=(reading,), name="stop", daemon=True).start()
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._ask)

    def progress(self, done: int, total: int, what: str) -> None:
        if self.asked.is_set():
            raise Cancelled

    def end(self) -> None:
        """Say that the work is over, one way or the other."""
        self._ended.set()
        if self._pipe is not None:
            signal.set_wakeup_fd(-1)
            os.close(self._pipe)
            self._pipe = None

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._number = number
        self.asked.set()
        self._heard += 1
        if self._heard > 1:
            raise KeyboardInterrupt

    def _follow(self, pipe: int) -> None:
        numbers = os.read(pipe, 1)
        os.close(pipe)
        if not numbers:
            return
        self._number = numbers[0]
        self.asked.set()
        if self._ended.wait(_GRACE):
            return
        with contextlib.suppress(sqlite3.Error):
            if self.opened is not None:
                self.opened.conn.interrupt()
        if self._ended.wait(_GRACE):
            return
        with contextlib.suppress(OSError, ValueError):
            print(sentence(Cancelled().code), file=sys.stderr, flush=True)
        os._exit(self.code)


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; no traceback unless ``--debug``."""
    chosen = settings.load()
    language.set_language(settings.chosen_language(chosen))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    parser = _parser()
    try:
        asked = parser.parse_args(list(arguments))
    except SystemExit as stop:  # argparse has printed why
        return int(stop.code or 0)
    sys.stdout, sys.stderr = _plainly(sys.stdout), _plainly(sys.stderr)
    if asked.lang:
        language.set_language(asked.lang)
    path = Path(asked.workspace) if asked.workspace else paths.default_workspace()
    if asked.command is None:
        return _window(path, asked)
    if (kept := settings.set_aside()) is not None:
        print(sentence("settings.set_aside", path=kept), file=sys.stderr)
    stop_asked = _Stop()
    if threading.current_thread() is threading.main_thread():
        stop_asked.watch()
    try:
        return int(asked.run(path, asked, stop_asked))
    except Cancelled as problem:
        return _say(problem, stop_asked.code)
    except KeyboardInterrupt:
        return _say(Cancelled(), stop_asked.code)
    except UsageError as problem:
        return _say(problem, USAGE)
    except WorkspaceDamaged as problem:
        if asked.debug:
            raise
        return _say_damaged(problem, path, stop_asked)
    except EcoPerfError as problem:
        if stop_asked.asked.is_set():  # what was interrupted fails with what it is interrupted by
            return _say(Cancelled(), stop_asked.code)
        if asked.debug:
            raise
        return _say(problem, REFUSED)
    except BrokenPipeError:
        # The reader of a pipe went away (``| head``): nothing is wrong with the command.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as problem:
        if asked.debug:
            raise
        from ecoperf_desktop import faults
        from ecoperf_desktop.store import mishaps

        known = mishaps.known(problem, path)
        if known is not None:
            return _say(known, REFUSED)

        print(sentence("cli.bug", log=str(faults.record())), file=sys.stderr)
        return REFUSED
    finally:
        stop_asked.end()


def _say(problem: EcoPerfError, code: int) -> int:
    print(sentence(problem.code, **problem.details), file=sys.stderr)
    return code


class _Plainly(io.TextIOBase):
    """Passes words on to a terminal, which nothing in names of files and products can steer."""

    def __init__(self, stream: TextIO) -> None:
        self.exact = stream

    def write(self, text: str) -> int:
        return self.exact.write(plain.lines(text))

    def flush(self) -> None:
        self.exact.flush()

    def fileno(self) -> int:
        return self.exact.fileno()

    def isatty(self) -> bool:
        return self.exact.isatty()


def _plainly(stream: TextIO) -> TextIO:
    return stream if stream is None or isinstance(stream, _Plainly) else cast(TextIO, _Plainly(stream))


def _say_damaged(problem: WorkspaceDamaged, path: Path, stop: _Stop) -> int:
    """Set a damaged workspace aside and say what can be done; a damaged backup is only named."""
    _say(problem, REFUSED)
    if not problem.code.startswith("store.") or problem.code == "store.cannot_salvage":
        return REFUSED
    try:
        found = actions.damaged(path, stop.progress)
    except (EcoPerfError, OSError):
        return REFUSED
    if found is None:
        print(sentence("cli.sound_after_all"), file=sys.stderr)
        return REFUSED
    for line in cli_json.damaged_lines(found):
        print(line, file=sys.stderr)
    return REFUSED


class _Parser(argparse.ArgumentParser):
    """Wrong usage exits with 2 and one sentence."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        print(f"{self.prog}: {plain.lines(message)}", file=sys.stderr)
        raise SystemExit(USAGE)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="ecoperf", description=sentence("cli.about"), allow_abbrev=False)
    parser.add_argument("--workspace", metavar="FILE", help=sentence("cli.help_workspace"))
    parser.add_argument("--lang", choices=language.LANGUAGES, help=sentence("cli.help_lang"))
    parser.add_argument("--debug", action="store_true", help=sentence("cli.help_debug"))
    parser.add_argument("--version", action="version", version=f"EcoPerf {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)

    def command(name: str, run: Callable[[Path, argparse.Namespace, _Stop], int]) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=sentence(f"cli.help_{name}"), description=sentence(f"cli.help_{name}"), allow_abbrev=False)
        added.add_argument("--json", action="store_true", help=sentence("cli.help_json"))
        added.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        added.set_defaults(run=run)
        return added

    added = command("import", _import)
    added.add_argument("paths", nargs="+", metavar="PATH")
    _add_import_choices(added)
    added.add_argument("--dry-run", action="store_true", help=sentence("cli.help_dry_run"))
    added.add_argument("--strict", action="store_true", help=sentence("cli.help_strict"))

    command("imports", _imports)
    added = command("sources", _sources)
    added.add_argument("--source", metavar="NAME", help=sentence("cli.help_source"))
    added.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help=sentence("cli.help_change"))
    added = command("restated", _restated)
    added.add_argument("--from", dest="first", metavar="D")
    added.add_argument("--to", dest="last", metavar="D")
    added.add_argument("--import", dest="imports", action="append", type=int, default=[], metavar="ID")
    added.add_argument("--limit", type=int, default=50, metavar="N")

    added = command("rates", _rates)
    added.add_argument("words", nargs="*", metavar="WORD", help=sentence("cli.help_rates_words"))
    added = command("undo", _undo)
    added.add_argument("ids", nargs="+", type=int, metavar="ID")
    added = command("formats", _formats)
    added.add_argument("--suggest", metavar="FILE", help=sentence("cli.help_suggest"))
    added.add_argument("-o", "--output", metavar="FILE", help=sentence("cli.help_suggest_output"))
    added = command("metrics", _metrics)
    added.add_argument("what", nargs="?", default="list", choices=("list", "find", "show", "add", "remove"), help=sentence("cli.help_metrics_what"))
    added.add_argument("words", nargs="*", metavar="ID|WORDS", help=sentence("cli.help_metrics_words"))
    added.add_argument("--name", metavar="NAME", help=sentence("cli.help_own_name"))
    added.add_argument("--expression", metavar="TEXT", help=sentence("cli.help_own_expression"))
    added.add_argument("--unit", default="ratio", metavar="UNIT", help=sentence("cli.help_own_unit"))
    added.add_argument("--direction", default="higher", metavar="WAY", help=sentence("cli.help_own_direction"))
    added.add_argument("--definition", default="", metavar="TEXT", help=sentence("cli.help_own_definition"))
    added.add_argument("--decimals", type=int, metavar="N", help=sentence("cli.help_own_decimals"))

    added = command("value", _value)
    added.add_argument("metrics", nargs="+", metavar="METRIC")
    _add_period(added)
    added.add_argument("--by", choices=[grain.value for grain in Grain])
    added.add_argument("--per", action="append", default=[], metavar="DIM")
    added.add_argument("--compare", type=_comparison, metavar="HOW", help=sentence("cli.help_compare"))

    added = command("explain", _explain)
    added.add_argument("metric", metavar="METRIC")
    _add_period(added)
    added.add_argument("--limit", type=int, default=20, metavar="N", help=sentence("cli.help_limit"))
    added.add_argument("--offset", type=int, default=0, metavar="N", help=sentence("cli.help_offset"))
    added.add_argument("--all", action="store_true", help=sentence("cli.help_all"))

    added = command("report", _report)
    added.add_argument("--period", required=True, metavar="P")
    added.add_argument("--page", action="append", default=[], metavar="NAME")
    added.add_argument("--compare", type=_comparison, default="previous", metavar="HOW", help=sentence("cli.help_compare"))
    added.add_argument("--paper", choices=("A4", "Letter"), default=settings.load()["paper"])
    added.add_argument("-o", "--output", metavar="FILE")

    added = command("events", _events)
    added.add_argument("words", nargs="*", metavar="WORD", help=sentence("cli.help_events_words"))
    added.add_argument("--kind", choices=("sale", "holiday", "launch", "other"), help=sentence("cli.help_event_kind"))
    added = command("brands", _brands)
    added.add_argument("--set", metavar="WORDS", help=sentence("cli.help_brands_set"))
    added = command("calendar", _calendar)
    added.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help=sentence("cli.help_calendar_set"))

    added = command("check", _check)
    added.add_argument("--quality", action="store_true", help=sentence("cli.help_quality"))
    added.add_argument("--privacy", action="store_true", help=sentence("cli.help_privacy"))
    added = command("backup", _backup)
    added.add_argument("folder", nargs="?", metavar="DIR")
    added.add_argument("--to", metavar="DIR", help=sentence("cli.help_backup_to"))
    added.add_argument("--list", action="store_true", help=sentence("cli.help_backup_list"))
    added.add_argument("--pin", nargs="?", type=int, const=0, metavar="N", help=sentence("cli.help_backup_pin"))
    added.add_argument("--unpin", type=int, metavar="N", help=sentence("cli.help_backup_unpin"))
    added = command("restore", _restore)
    added.add_argument("file", nargs="?", metavar="FILE")
    added.add_argument("--newest", action="store_true", help=sentence("cli.help_restore_newest"))
    added = command("salvage", _salvage)
    added.add_argument("file", nargs="?", metavar="FILE", help=sentence("cli.help_salvage_file"))

    added = command("demo", _demo)
    added.add_argument("--shop", choices=("small", "large"), default="small")
    added.add_argument("--orders", type=int, metavar="N")
    added.add_argument("--into", metavar="DIR")
    added = command("templates", _templates)
    added.add_argument("folder", metavar="DIR")
    added = command("guide", _guide)
    added.add_argument("words", nargs="*", metavar="WORD", help=sentence("cli.help_guide_words"))
    return parser


def _add_import_choices(added: argparse.ArgumentParser) -> None:
    added.add_argument("--format", metavar="ID", help=sentence("cli.help_format"))
    added.add_argument("--mapping", action="append", default=[], metavar="FILE_OR_DIR", help=sentence("cli.help_mapping"))
    added.add_argument("--source", metavar="NAME", help=sentence("cli.help_source"))
    added.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help=sentence("cli.help_set"))


def _add_period(added: argparse.ArgumentParser) -> None:
    added.add_argument("--from", dest="first", metavar="D")
    added.add_argument("--to", dest="last", metavar="D")
    added.add_argument("--period", metavar="P", help=sentence("cli.help_period"))
    added.add_argument("--where", action="append", default=[], metavar="DIM=VALUE")


def _window(path: Path, asked: argparse.Namespace) -> int:
    from ecoperf_desktop import screen

    reason = screen.why_not()
    if reason is not None:
        print(reason, file=sys.stderr)
        return REFUSED
    from ecoperf_desktop.ui.app import main as open_window

    return open_window([], path)


def _import(path: Path, asked: argparse.Namespace, stop: _Stop) -> int:
    choices = actions.ImportChoices(
        asked.format, tuple(Path(name) for name in asked.mapping), asked.source, tuple(_pair(text, "--set") for text in asked.set)
    )
    paths = [Path(name) for name in asked.paths]
    with actions.reading_apart(paths, choices) as apart, actions.workspace(path, write=True) as opened:
        stop.opened = opened
        planned = actions.plan_import(paths, choices, opened, stop.progress, unseen=not asked.dry_run, apart=apart)
        made = actions.apply_import(planned, opened, stop.progress, dry_run=asked.dry_run)
        code = _show_import(made, asked)
        sys.stdout.flush()  # what is imported is told before a copy begun with it is waited for
        _tell_notices(opened, stop)
    return code


def _tell_notices(opened: Workspace, stop: _Stop) -> None:
    """Wait for a copy made behind, and say once what a person should know of place and copies."""
    with contextlib.suppress(Cancelled):  # what was asked for is done; only the copy is given up
        actions.finish_backups(opened, stop.progress)
    for notice in (actions.place_notice(opened), actions.backup_warning(opened)):
        if notice is not None:
            print(sentence(notice[0], **notice[1]), file=sys.stderr)


def _show_import(made: ImportReport, asked: argparse.Namespace) -> int:
    if asked.json:
        _print_json(cli_json.import_report(made))
    else:
        for file in made.files:
            print(_file_line(file))
            if file.status == "refused":
                continue
            for finding in file.findings[:20]:
                print("   ", cli_json.finding_sentence(finding))
            if len(file.findings) > 20:
                print("   ", sentence("cli.more_findings", n=len(file.findings) - 20))
    for file in made.files:
        if file.status == "refused":
            why = cli_json.finding_sentence(file.findings[0]) if file.findings else sentence("cli.status_refused")
            print(f"{_where(file)}: {why}", file=sys.stderr)
    if made.refused or not made.files:
        return REFUSED
    if getattr(asked, "strict", False) and any(file.rows.rejected for file in made.files):
        return REFUSED
    return OK


def _where(file: FileReport) -> str:
    return plain.one_line(f"{file.path} › {file.member}" if file.member else file.path)


def _file_line(file: FileReport) -> str:
    rows = file.rows
    status = sentence(f"cli.status_{file.status}")
    if file.status in ("refused", "skipped"):
        return f"{_where(file)}: {status}"
    counts = sentence(
        "cli.rows", read=rows.read, new=rows.new, changed=rows.changed, unchanged=rows.unchanged, dropped=rows.dropped, rejected=rows.rejected
    )
    return f"{_where(file)}: {status} · {file.format} · {counts}"


def _imports(path: Path, asked: argparse.Namespace, stop: _Stop) -> int:
    with actions.workspace(path) as opened:
        entries = actions.ledger(opened)
    if asked.json:
        _print_json({"imports": [cli_json.ledger_entry(entry) for entry in entries]})
    else:
        for entry in entries:
            print(cli_json.ledger_line(entry))
        if not entries:
            print(sentence("cli.nothing_imported"))
    return OK


def _sources(path: Path, asked: argparse.Namespace, stop: _Stop) -> int:
    changes = [_pair(text, "--set") for text in asked.set]
    if changes and asked.source is None:
        raise UsageError("cli.name_source")
    done = []
    with actions.workspace(path, write=bool(changes)) as opened:
        for key, value in changes:
            done.append((key, actions.change_answer(opened, asked.source, key, value)))
        known = [one for one in actions.answers(opened) if asked.source in (None, one.source)]
    if asked.json:
        _print_json({"sources": cli_json.answers(known), "changed": [cli_json.changed_answer(key, change) for key, change in done]})
        return OK
    for line in cli_json.answer_lines(known):
        print(line)
    for key, change in done:
        print(sentence("cli.answer_changed", key=key, n=change.restated))
        for left in change.left:
            print("   ", sentence("cli.import_again", path=left.path, table=left.table, n=left.rows))
    return OK


def _restated(path: Path, asked: argparse.Namespace, stop: _Stop) -> int:
    if (asked.first is None) != (asked.last is None):
        raise UsageError("cli.both_days")
    period = _period(asked) if asked.first is not None else None
    with actions.workspace(path) as opened:
        found = actions.restatements(opened, period, asked.imports or None, asked.limit)
        currency = opened.reporting_currency
    if asked.json:
        _print_json({"restatements": [cli_json.restatement(one, currency) for one in found]})
        return OK
    for one in found:
        print(cli_json.restatement_line(one, currency))
    if not found:
        print(sentence("cli.nothing_restated"))
    return OK


def _privacy(path: Path, asked: argparse.Namespace, stop: _Stop) -> int:
    """Print what looks personal, covered; exit 1 when there is any."""
    with actions.workspace(path) as opened:
        found = actions.personal(opened, stop.progress)
    if asked.json:
        _print_json({"personal": [cli_json.personal(one) for one in found]})
    else:
        for one in found:
            print(cli_json.personal_line(one))
        if not found:
            print(sentence("cli.nothing_personal"))
    return REFUSED if found else OK


def _rates(path: Path, asked: argparse.Namespace, stop: _Stop) -> int:
    """Print the exchange rates; or set one, or take one back."""
    match asked.words:
        case [] | [_]:
            with actions.workspace(path) as opened:
                known, wanted = actions.exchange_rates(opened, asked.words[0].upper() if asked.words else None)
                reporting = opened.reporting_currency
            if asked.json:
                _print_json(cli_json.rates(known, wanted, reporting))
            else:
                print("\n".join(cli_json.rate_lines(known, wanted, reporting)))
            return OK
        case ["set", currency, day, rate]:
            when, told = _rate_day(day), _rate(rate)
        case ["remove", currency, day]:
            when, told = _rate_day(day), None
        case _:
            raise UsageError("cli.rates_usage")
    with actions.workspace(path, write=True) as opened:
        changed = actions.set_rate(opened, currency.upper(), when, told)
    if asked.json:
        _print_json(cli_json.rate_changed(changed))
    else:
        print(sentence("cli.rate_changed", freed=changed.freed, restated=changed.restated))
        for line in cli_json.waiting_lines(changed.waiting):
            print(line)
    return OK


def _rate_day(text: str) -> int:
    try:
        return parse_day(text)
    except ValueError:
        raise UsageError("cli.rates_usage") from None


def _rate(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise UsageError("store.rate_value", value=text) from None


def _undo(path: Path, asked: argparse.Namespace, stop: _Stop) -> int:
    with actions.workspace(path, write=True) as opened:
        stop.opened = opened
        actions.undo(opened, asked.ids, stop.progress)
        _tell_notices(opened, stop)
    if asked.json:
        _print_json({"undone": asked.ids})
    else:
        print(sentence("cli.undone", ids=", ".join(map(str, asked.ids))))
    return OK


def _formats(path: Path, asked: argparse.Namespace, stop: _Stop) -> int:
    if asked.suggest:
        return _suggest(asked)
    if asked.output:
        raise UsageError("cli.output_without_suggest")
    from ecoperf_desktop.importing.shelf import shipped

    formats = [cli_json.format_entry(entry) for entry in sorted(shipped(), key=lambda entry: entry.id)]
    if asked.json:
        _print_json({"formats": formats})
    else:
        for entry in formats:
            print(f"{entry['id']:<32} {entry['title']:<48} {entry['verified'] or '–'}")
    return OK


def _suggest(asked: argparse.Namespace) -> int:
    """Print a draft of a descriptor for a file, or write it where nothing is yet."""
    member = actions.member_of(Path(asked.suggest))
    draft = actions.suggest_format(member)
    text = actions.draft_text(draft, actions.field_catalogue())
    if asked.output:
        target = Path(asked.output)
        try:
            with target.open("x", encoding="utf-8") as stream:
                stream.write(text)
        except FileExistsError:
            raise EcoPerfError("importing.suggest_exists", path=str(target)) from None
    if asked.json:
        _print_json({"suggestion": cli_json.draft_entry(draft, text)})
    elif asked.output:
        print(sentence("cli.suggested", path=asked.output))
    else:
        # What is drafted is read by programs: to a file it goes as it is.
        print(text, end="", file=None if sys.stdout.isatty() else getattr(sys.stdout, "exact", None))
    return OK


def _metrics(path: Path, asked: argparse.Namespace, stop: _Stop) -> int:
    from ecoperf_desktop.reports.described import find

    if asked.what in ("add", "remove"):
        return _own_metric(path, asked)
    # The catalogue can be read before there is a workspace.
    with contextlib.ExitStack() as stack:
        opened = stack.enter_context(actions.workspace(path)) if path.exists() else None
        known = actions.known_metrics(opened)
    if asked.what == "show":
        if len(asked.words) != 1:
            raise UsageError("cli.metrics_one_id")
        metric = known.metric(asked.words[0])
        if asked.json:
            _print_json(cli_json.metric_told(metric, known))
        else:
            print("\n".join(cli_json.metric_lines(metric, known)))
        return OK
    metrics = [cli_json.metric_entry(metric) for metric in find(known, " ".join(asked.words))]
    if asked.json:
        _print_json({"metrics": metrics})
    else:
        for entry in metrics:
            print(f"{entry['id']:<32} {entry['name']:<40} {entry['area']:<14} {entry['unit']}")
    return OK


def _own_metric(path: Path, asked: argparse.Namespace) -> int:
    """Write down a metric of one's own, or remove one."""
    from ecoperf_desktop.model.metric import OwnMetric

    if len(asked.words) != 1:
        raise UsageError("cli.metrics_one_id")
    metric_id = asked.words[0]
    if asked.what == "add" and not (asked.name and asked.expression):
        raise UsageError("cli.metrics_add_needs")
    with actions.workspace(path, write=True) as opened:
        if asked.what == "remove":
            actions.remove_own_metric(opened, metric_id)
            told = {"removed": metric_id}
            words = sentence("cli.metric_removed", id=metric_id)
        else:
            own = OwnMetric(metric_id, asked.name, asked.definition, asked.expression, asked.unit, asked.direction, asked.decimals)
            metric = actions.keep_own_metric(opened, own)
            told = cli_json.metric_entry(metric)
            words = sentence("cli.metric_kept", id=metric_id, formula=metric.formula_text[language.current()])
    if asked.json:
        _print_json(told)
    else:
        print(words)
    return OK


def _value(path: Path, asked: argparse.Namespace, stop: _Stop) -> int:
    where = tuple(_pair(text, "--where") for text in asked.where)
    with _reading(path, asked) as (opened, period):
        question = Question(tuple(asked.metrics), period, asked.by, tuple(asked.per), where, asked.compare)
        values = actions.values(opened, question)
    if asked.json:
        _print_json({"values": [cli_json.value_entry(value) for value in values]})
    else:
        for value in values:
            print(cli_json.value_line(value))
    return OK


def _explain(path: Path, asked: argparse.Namespace, stop: _Stop) -> int:
    where = [_pair(text, "--where") for text in asked.where]
    with _reading(path, asked) as (opened, period):
        explanation = actions.explain(opened, asked.metric, period, where, None if asked.all else asked.limit, asked.offset)
    if asked.json:
        _print_json(cli_json.explanation(explanation))
    else:
        for line in cli_json.explanation_lines(explanation):
            print(line)
    return OK


def _report(path: Path, asked: argparse.Namespace, stop: _Stop) -> int:
    from ecoperf_desktop.reports.blocks import Scope
    from ecoperf_desktop.reports.pages import PAGES

    unknown = [name for name in asked.page if name not in PAGES]
    if unknown:
        raise UsageError("cli.unknown_page", page=unknown[0], pages=", ".join(PAGES))
    with actions.workspace(path) as opened:
        bucket, grain = actions.bucket(opened, asked.period)
        scope = Scope.of(bucket, grain, compare=_kind(asked.compare), event=_event(asked.compare), language=language.current())
        if asked.output is None:
            from ecoperf_desktop.reports.text import text

            print(text(actions.pack(opened, scope, asked.page)))
            return OK
        actions.report(opened, scope, asked.page, Path(asked.output), asked.paper)
    if asked.json:
        _print_json({"report": asked.output, "period": bucket.label})
    else:
        print(sentence("cli.report_written", path=asked.output, period=bucket.label))
    return OK


def _events(path: Path, asked: argparse.Namespace, stop: _Stop) -> int:
    """List events (of a year), or ``set CODE YEAR FIRST LAST [ANCHOR]``, ``remove CODE YEAR``, ``reset CODE YEAR``."""
    what, *words = asked.words or ["list"]
    if what.isdigit():
        what, words = "list", asked.words
    counts = {"list": (0, 1), "set": (4, 5), "remove": (2, 2), "reset": (2, 2)}
    if what not in counts or not counts[what][0] <= len(words) <= counts[what][1]:
        raise UsageError("cli.events_usage")
    year_text = words[0] if what == "list" and words else words[1] if words else ""
    if year_text and not (year_text.isdigit() and len(year_text) == 4):
        raise UsageError("cli.events_usage")
    year = int(year_text) if year_text else None
    if what == "list" or year is None:
        return _list_events(path, asked, year)
    with actions.workspace(path, write=True) as opened:
        if what == "set":
            anchor = words[4] if len(words) > 4 else None
            event: Event | None = actions.set_event(opened, words[0], year, words[2], words[3], anchor, asked.kind)
        elif what == "remove":
            event = actions.remove_event(opened, words[0], year)
        else:
            event = actions.reset_event(opened, words[0], year)
    if asked.json:
        _print_json({"done": what, "event": cli_json.event_entry(event) if event else None})
    elif what == "set" and event:
        print(sentence("events.set", event=event.title(), year=year, first=iso(event.first), last=iso(event.last), anchor=iso(event.anchor)))
    else:
        name = event.title() if event else words[0]
        print(sentence("events.removed" if what == "remove" else "events.was_reset", event=name, year=year))
    return OK


def _list_events(path: Path, asked: argparse.Namespace, year: int | None) -> int:
    with actions.workspace(path) as opened:
        found = actions.events(opened, year)
    if asked.json:
        _print_json({"events": [cli_json.event_entry(event) for event in found]})
        return OK
    for event in found:
        print(cli_json.event_line(event))
    if not found:
        print(sentence("events.none", year=year))
    return OK


def _brands(path: Path, asked: argparse.Namespace, stop: _Stop) -> int:
    """Show the words by which people search for the shop, or change them."""
    with actions.workspace(path, write=asked.set is not None) as opened:
        words = actions.brand_words(opened) if asked.set is None else actions.change_brand_words(opened, asked.set)
    if asked.json:
        _print_json({"brand_words": words})
    else:
        print(", ".join(words) or sentence("cli.no_brand_words"))
    return OK


def _calendar(path: Path, asked: argparse.Namespace, stop: _Stop) -> int:
    """Show the settings of the calendar, or change them."""
    changes = dict(_pair(text, "--set") for text in asked.set)
    with actions.workspace(path, write=bool(changes)) as opened:
        if changes:
            actions.change_calendar(opened, changes)
        chosen = actions.calendar_settings(opened)
    if asked.json:
        _print_json({"calendar": chosen})
    else:
        for name, value in chosen.items():
            print(f"{name:<20} {value}")
    return OK


def _kind(text: str) -> Compare:
    return cast("Compare", text.partition(":")[0])


def _event(text: str) -> str | None:
    from ecoperf_desktop.store.events import code_of

    return code_of(text.partition(":")[2]) if ":" in text else None


def _quality(path: Path, asked: argparse.Namespace) -> int:
    """Print what is doubtful about the data; doubts are findings and no failure."""
    with actions.workspace(path) as opened:
        found, currency = actions.quality(opened), opened.reporting_currency
    if asked.json:
        _print_json(cli_json.quality(found, currency))
    else:
        for line in cli_json.quality_lines(found, currency):
            print(line)
    return OK


def _check(path: Path, asked: argparse.Namespace, stop: _Stop) -> int:
    if asked.quality:
        return _quality(path, asked)
    if asked.privacy:
        return _privacy(path, asked, stop)
    with contextlib.ExitStack() as stack:
        try:
            opened = stack.enter_context(actions.workspace(path, write=True))
        except WorkspaceInUse:  # a check can be made beside the window; only its day is not remembered then
            opened = stack.enter_context(actions.workspace(path))
        health = actions.check(opened, stop.progress)
    if asked.json:
        _print_json({"sound": health.sound, "problems": [sentence(code, **details) for code, details in health.problems]})
    else:
        for code, details in health.problems:
            print(sentence(code, **details))
        if health.sound:
            print(sentence("cli.sound"))
    return OK if health.sound else REFUSED


def _backup(path: Path, asked: argparse.Namespace, stop: _Stop) -> int:
    """Make a backup; or list them, or pin one that is there."""
    if asked.list or asked.pin or asked.unpin:
        return _backups(path, asked)
    named = asked.to or asked.folder
    if asked.to and asked.folder:
        raise UsageError("cli.backup_one_folder")
    with actions.workspace(path) as opened:
        copy = actions.back_up(opened, Path(named) if named else None, pinned=asked.pin is not None, progress=stop.progress)
    if asked.json:
        _print_json({"backup": str(copy.path), **cli_json.backup_entry(copy)})
    else:
        print(sentence("cli.backed_up", path=copy.path))
    return OK


def _backups(path: Path, asked: argparse.Namespace) -> int:
    for number, pinned in ((asked.pin, True), (asked.unpin, False)):
        if number:
            copy = next((one for one in actions.backups(path) if one.sequence == number), None)
            if copy is None:
                raise UsageError("cli.no_such_backup", number=number)
            actions.pin_backup(copy, pinned)
    found = actions.backups(path)
    if asked.json:
        _print_json({"backups": [cli_json.backup_entry(copy) for copy in found]})
    else:
        for copy in found:
            print(cli_json.backup_line(copy))
        if not found:
            print(sentence("cli.no_backups"))
    return OK


def _restore(path: Path, asked: argparse.Namespace, stop: _Stop) -> int:
    if (asked.file is None) != asked.newest:
        raise UsageError("cli.restore_usage")
    if asked.newest:
        copy = actions.newest_backup(path, stop.progress)
        if copy is None:
            raise WorkspaceError("backup.none_sound", path=str(path))
        file = copy.path
    else:
        file = Path(asked.file)
    done = actions.restore(path, file, stop.progress)
    if asked.json:
        _print_json({
            "restored": str(file), "kept": str(done.kept) if done.kept else None, "was_damaged": done.was_damaged, "version": done.version,
        })  # fmt: skip
    elif done.kept is None:
        print(sentence("cli.restored_anew", file=file))
    else:
        print(sentence("cli.restored_over_damaged" if done.was_damaged else "cli.restored", file=file, kept=done.kept))
    return OK


def _salvage(path: Path, asked: argparse.Namespace, stop: _Stop) -> int:
    """Read what can be read of a damaged workspace: of the one named, else of the one that was found damaged."""
    if asked.file is None:
        found = actions.damaged(path, stop.progress)
        if found is None:
            print(sentence("cli.sound"))
            return OK
        kept = found.kept[0]
    else:
        kept = Path(asked.file)
    done = actions.salvage(kept, path, stop.progress)
    if asked.json:
        _print_json({
            "salvaged": str(done.path), "from": str(kept), "whole": done.whole,
            "tables": [{"table": one.table, "rows": one.rows, "whole": one.is_whole} for one in done.tables],
            "import_again": [cli_json.lost_entry(one) for one in done.lost],
        })  # fmt: skip
        return OK
    print(sentence("cli.salvaged" if done.whole else "cli.salvaged_partly", path=done.path, file=kept))
    for one in done.tables:
        if not one.is_whole:
            print("   ", sentence("cli.salvaged_table", table=one.table, n=one.rows))
    for lost in done.lost:
        print("   ", sentence("cli.import_lost", path=lost.path))
    return OK


def _demo(path: Path, asked: argparse.Namespace, stop: _Stop) -> int:
    import tempfile

    if asked.orders is not None and asked.orders < 1:
        raise UsageError("cli.orders_positive")
    with tempfile.TemporaryDirectory(prefix="ecoperf-demo-") as scratch:
        folder = Path(asked.into) if asked.into else Path(scratch)
        with actions.workspace(path, write=True) as opened:
            made = actions.demo(opened, folder, shop=asked.shop, orders=asked.orders, progress=stop.progress)
    return _show_import(made, asked)


def _templates(path: Path, asked: argparse.Namespace, stop: _Stop) -> int:
    written = actions.write_templates(Path(asked.folder))
    if asked.json:
        _print_json({"templates": [str(file) for file in written]})
    else:
        for file in written:
            print(file)
    return OK


def _guide(path: Path, asked: argparse.Namespace, stop: _Stop) -> int:
    from ecoperf_desktop import guide

    words = " ".join(asked.words)
    found = [section for section in guide.sections(path) if section.speaks_of(words)]
    if not found:
        raise UsageError("guide.no_such_section", words=words)
    if asked.json:
        _print_json([
            {"title": section.title, "parts": [{"kind": part.kind, "text": part.text, "mark": part.mark} for part in section.parts]}
            for section in found
        ])  # fmt: skip
    else:
        for section in found:
            print(guide.written(section))
    return OK


@contextlib.contextmanager
def _reading(path: Path, asked: argparse.Namespace) -> Iterator[tuple[Workspace, Period]]:
    """Open the workspace with the period asked for: ``--from`` and ``--to``, or ``--period`` in its calendar's words."""
    if (asked.first is None) != (asked.last is None):
        raise UsageError("cli.both_days")
    if (asked.first is None) == (asked.period is None):
        raise UsageError("cli.which_period")
    period = _period(asked) if asked.period is None else None
    with actions.workspace(path) as opened:
        yield opened, period or actions.bucket(opened, asked.period)[0].period


def _comparison(text: str) -> str:
    kind, colon, event = text.partition(":")
    if kind not in ("previous", "year", "aligned", "event", "elapsed") or (colon and (kind != "event" or not event)):
        raise argparse.ArgumentTypeError(sentence("metrics.unknown_comparison", comparison=text, known="previous, year, aligned, event, event:…, elapsed"))
    return text


def _period(asked: argparse.Namespace) -> Period:
    try:
        return Period(parse_day(asked.first), parse_day(asked.last))
    except ValueError:
        raise UsageError("cli.bad_days", first=asked.first, last=asked.last) from None


def _pair(text: str, option: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not mark or not name:
        raise UsageError("cli.bad_pair", option=option, text=text)
    return name, value


def _print_json(document: object) -> None:
    print(plain.in_json(json.dumps(document, ensure_ascii=False, indent=1)))

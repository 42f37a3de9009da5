"""What is doubtful about the data, in words: for screen, paper and terminal alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ecoperf_desktop.analysis.quality import look_over
from ecoperf_desktop.language import sentence, worded
from ecoperf_desktop.model.days import Period
from ecoperf_desktop.model.quality import Doubt, Example, Mend, Quality, SourceDays, Weight
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.reports import figures
from ecoperf_desktop.reports.blocks import Callout, Callouts, Mark, State, Tone
from ecoperf_desktop.reports.desk import Desk
from ecoperf_desktop.reports.pages import shape

_MARKS: dict[Weight, tuple[Mark, Tone]] = {"wrong": ("off_target", "worse"), "look": ("watch", "quiet"), "note": ("no_call", "neutral")}
_PRICES = frozenset({"unit_price", "click_cost", "ad_cost", "conversion_value", "parcel_cost", "stock_value"})


@dataclass(frozen=True)
class Told:
    """A doubt in the language of the moment.  ``example`` may be empty; each of ``mends`` has its words."""

    doubt: Doubt
    state: State
    title: str
    text: str
    example: str
    mends: tuple[tuple[Mend, str], ...]


def doubts(desk: Desk, entry: shape.Doubts) -> Callouts:
    """Return the doubts as a list to go through, the gravest first."""
    found = look_over(desk.engine.conn)
    told = [tell(doubt, desk.language, desk.currency) for doubt in found.doubts]
    callouts = tuple(
        Callout(one.state, one.title, " ".join(part for part in (one.text, one.example) if part), standing=one.mends[0][1] if one.mends else "")
        for one in told[: entry.most]
    )
    say = {code: sentence(f"quality.{code}", desk.language) for code in ("title", "subtitle")}
    nothing = "" if callouts else nothing_text(found, desk.language)
    foot = sentence("quality.foot", desk.language, n=len(told) - entry.most) if len(told) > entry.most else ""
    return Callouts(say["title"], say["subtitle"], callouts, nothing, foot, span=entry.span)


def tell(doubt: Doubt, language: str, currency: str | None, formats: Mapping[str, str] | None = None) -> Told:
    """Put a doubt into words; ``formats`` gives the names of formats by id."""
    details = _written(doubt, language, currency, formats or {})
    mark, tone = _MARKS[doubt.weight]
    state = State(mark, sentence(f"quality.weight_{doubt.weight}", language), tone)
    title = sentence(f"quality.title_{doubt.kind}", language, **details)
    text = sentence(f"quality.{doubt.kind}", language, **details)
    mends = tuple((mend, sentence(f"quality.mend_{mend.kind}", language)) for mend in doubt.mends)
    return Told(doubt, state, title.strip("： :"), text, _example(doubt.examples, language), mends)


def nothing_text(found: Quality, language: str) -> str:
    """Say why there is no doubt to be told."""
    return sentence("quality.empty" if found.through is None else "quality.nothing", language)


def kind_name(kind: str, language: str) -> str:
    """Return the name of a kind of data, the code itself when it has none."""
    code = f"quality.data_{kind}"
    name = sentence(code, language)
    return kind if name == code else name


def pace_text(days: SourceDays, language: str) -> str:
    """Return whether a source is in time."""
    return sentence(f"quality.pace_{days.pace}", language, n=days.awaited)


def _written(doubt: Doubt, language: str, currency: str | None, formats: Mapping[str, str]) -> dict[str, object]:
    """Return the details as they are read: days, money and shares as their names say."""
    details = {"source": doubt.source or "", **doubt.details}
    written: dict[str, object] = {"currency": currency or sentence("quality.no_currency", language)}
    for name, value in details.items():
        if isinstance(value, Period):
            written[name] = figures.span_text(value, language)
        elif name.endswith("_day") and isinstance(value, int):
            written[name] = figures.day_text(value, language)
        elif name.endswith("_minor") and isinstance(value, int):
            written[name.removesuffix("_minor")] = _money(value, language, currency, is_difference=name == "apart_minor")
        elif name.endswith("_share") and isinstance(value, float):
            written[name] = figures.form("ratio", language, sample=[value]).text(value)
        elif name in ("data", "series", "figure"):
            written[name] = kind_name(str(value), language) if name == "data" else sentence(f"quality.{name}_{value}", language)
        elif name in ("before", "value") and isinstance(value, float):
            written[name] = _measured(value, str(doubt.details.get("series")), language, currency)
        elif name == "factor" and isinstance(value, float):
            written[name] = f"{value:,g}"
        elif name == "format":
            written[name] = formats.get(str(value), str(value))
        elif isinstance(value, int) and value != 1:  # 1 stays a number: it chooses the singular
            written[name] = figures.grouped(figures.rounded(value), is_signed=name == "apart")
        else:
            written[name] = value
    if isinstance(message := worded(written.get("message"), language), str):
        written["message"] = message[:1].upper() + message[1:]  # descriptors write remarks as parts of sentences
    if doubt.kind == "damaged_ids":
        written["in_file"] = sentence("quality.in_file", language, file=written["file"]) if written.get("file") else ""
    return written


def _money(value: int, language: str, currency: str | None, *, is_difference: bool = False) -> str:
    form = figures.form("money", language, sample=[value], currency=currency)
    return form.difference(value) if is_difference else form.text(value)


def _measured(value: float, series: str, language: str, currency: str | None) -> str:
    if series in _PRICES:
        return figures.form("money", language, sample=[value], currency=currency, is_quotient=True).text(value)
    return figures.form("count", language, sample=[value]).text(value)


def _example(examples: Iterable[Example], language: str) -> str:
    shown = list(examples)
    if not shown:
        return ""
    first = shown[0]
    joint = sentence("reports.list_joint", language)
    text = joint.join(example.text for example in shown if example.text)
    if first.record is not None:
        code = "quality.example_record" if text else "quality.example_only_record"
        return sentence(code, language, text=text, record=f"{first.record:,}")
    return sentence("quality.example", language, text=text) if text else ""

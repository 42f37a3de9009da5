"""The pack as JSON: every block with its numbers and their words.

Money is a decimal string in major units beside the ``currency`` of the facts, ratios and other numbers are numbers,
missing is null with a reason: as the command line writes values.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ecoperf_desktop.model.days import Period, iso
from ecoperf_desktop.model.money import exponent, to_major
from ecoperf_desktop.plain import in_json
from ecoperf_desktop.reports.blocks import Figure, PageSummary, Reference, Scope
from ecoperf_desktop.reports.figures import rounded

if TYPE_CHECKING:
    from ecoperf_desktop.reports.pack import Pack


def as_json(pack: Pack) -> str:
    """Return one JSON document of the whole pack."""
    whole = {"report": pack.facts.report, "hash": pack.hash8, "currency": pack.facts.currency, "pages": json.loads(document(pack.pages))}
    return in_json(json.dumps(whole, ensure_ascii=False, indent=1))


def document(pages: Sequence[PageSummary]) -> str:
    """Return the pages as JSON, the same text for the same numbers."""
    return json.dumps([_written(page, page.facts.currency) for page in pages], ensure_ascii=False, sort_keys=True)


def _written(thing: Any, currency: str | None) -> Any:
    """Return a block as dictionaries and lists; names of fields are names of keys."""
    match thing:
        case None | bool() | int() | str():
            return thing
        case float():
            return round(thing, 9)
        case Fraction():
            return float(thing)
        case Figure():
            written: dict[str, object] = {"value": _number(thing, currency), "text": thing.text}
            if thing.reason:
                written["reason"] = thing.reason
            if thing.partial:
                written["partial"] = True
            if thing.reference:
                written["reference"] = _written(thing.reference, currency)
            return written
        case Reference(metric, period, where):
            return {"metric": metric, **_written(period, currency), **({"where": dict(where)} if where else {})}
        case Period(first, last):
            return {"from": iso(first), "to": iso(last)}
        case Scope():
            return {
                **_written(thing.period, currency),
                "grain": thing.grain.value if thing.grain else None,
                "bucket": thing.label,
                "compare": thing.compare,
                "event": thing.event,
                "shop": thing.shop,
                "channel": thing.channel,
                "language": thing.language,
            }
        case tuple() | list():
            return [_written(part, currency) for part in thing]
        case _ if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
            names = [field.name for field in dataclasses.fields(thing) if field.name not in _DRAWN]
            return {"kind": type(thing).__name__, **{name: _written(getattr(thing, name), currency) for name in names}}
        case _:
            raise TypeError(type(thing).__name__)


# How a block is placed and scaled says nothing about the business.
_DRAWN = ("span", "axis", "x_axis", "y_axis", "weight", "drop")


def _number(figure: Figure, currency: str | None) -> object:
    """Return money as a decimal string in major units, everything else as a number."""
    value = figure.value
    if figure.unit == "money" and currency and value is not None:
        places = exponent(currency)
        exact = Fraction(value) / 10**places
        if exact * 10**places == int(exact * 10**places):
            return f"{to_major(int(exact * 10**places), currency):f}"
        # A quotient of money keeps four more digits than the currency.
        return f"{rounded(exact, places + 4):f}"
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else float(value)
    return value

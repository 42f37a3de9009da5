"""Expressions and conditions of descriptors: a closed set of operators as frozen values.

There is no expression language: an operator that is not here does not exist.  They are
worked out, a column at a time, in ``evaluation``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Literal, TypeAlias

from ecoperf_desktop.importing.declared import Place, Tree

Scalar: TypeAlias = str | int | float | bool


@dataclass(frozen=True)
class Name:
    """The value of that name."""

    name: str


@dataclass(frozen=True)
class Const:
    """One value for every row; ``kind`` is what it is read as."""

    value: Scalar
    kind: str


@dataclass(frozen=True)
class First:
    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class Sum:
    """Terms with their signs; ``strict``: missing when any is."""

    terms: tuple[tuple[int, Expression], ...]
    kind: str
    strict: bool


@dataclass(frozen=True)
class Product:
    factors: tuple[Expression, ...]
    kind: str


@dataclass(frozen=True)
class Absolute:
    of: Expression


@dataclass(frozen=True)
class Mapped:
    of: Expression
    values: tuple[tuple[str, str], ...]
    other: str
    kind: str


@dataclass(frozen=True)
class Cut:
    """What a pattern finds in a text, read as a cell of type ``type``."""

    of: Expression
    pattern: re.Pattern[str]
    type: str


@dataclass(frozen=True)
class Split:
    of: Expression
    by: str
    part: int


@dataclass(frozen=True)
class Join:
    parts: tuple[Expression, ...]
    by: str


@dataclass(frozen=True)
class Length:
    of: Expression


@dataclass(frozen=True)
class DateAdd:
    day: Expression
    days: int | Expression


@dataclass(frozen=True)
class EndOf:
    unit: Literal["week", "month", "quarter", "year"]
    day: Expression


@dataclass(frozen=True)
class Choose:
    when: Condition
    then: Expression
    otherwise: Expression | None
    kind: str


@dataclass(frozen=True)
class FlagOf:
    when: Condition


@dataclass(frozen=True)
class FromFile:
    """Text about the file itself: part of its name, a header, or a line above the header."""

    part: str
    pattern: re.Pattern[str] | None


@dataclass(frozen=True)
class PeriodEnd:
    which: Literal["first", "last"]


@dataclass(frozen=True)
class AsOf:
    kind: Literal["day", "ts"]


@dataclass(frozen=True)
class Answer:
    name: str


@dataclass(frozen=True)
class Position:
    """The row's place in its group, from 1; as text where it fills a name."""

    kind: Literal["int", "text"]


@dataclass(frozen=True)
class Beside:
    """What the next row (step 1) or the one before (step -1) in the same group has; missing at the group's end.

    With ``where``: the nearest such row for which it holds.
    """

    of: Expression
    step: Literal[1, -1]
    where: Condition | None


@dataclass(frozen=True)
class Fold:
    """A group's rows made one value."""

    how: Literal["count", "different", "total", "min", "max", "last", "any", "every"]
    of: Expression | Condition | None
    kind: str


@dataclass(frozen=True)
class Allocate:
    amount: Expression
    over: Expression


Expression: TypeAlias = (
    Name | Const | First | Sum | Product | Absolute | Mapped | Cut | Split | Join | Length | DateAdd | EndOf | Choose | FlagOf | FromFile
    | PeriodEnd | AsOf | Answer | Position | Beside | Fold | Allocate
)


@dataclass(frozen=True)
class Equals:
    name: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True)
class Matches:
    """``name`` ``*`` means any cell of the row."""

    name: str
    pattern: re.Pattern[str]


@dataclass(frozen=True)
class Blank:
    """``name`` ``*`` means all cells of the row."""

    name: str


@dataclass(frozen=True)
class Compared:
    name: str
    sign: Literal[1, -1]
    bound: Scalar


@dataclass(frozen=True)
class AllOf:
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class AnyOf:
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    part: Condition


Condition: TypeAlias = Equals | Matches | Blank | Compared | AllOf | AnyOf | Not

_PARTS_OF_A_FILE = ("name", "stem", "sheet", "folder", "member")
_NUMBERS = ("int", "real", "flag")


def fields_of(node: object) -> frozenset[str]:
    """Return the names of values that an expression or condition reads; ``*`` for any cell."""
    return frozenset(part.name for part in walk(node) if isinstance(part, Name | Equals | Matches | Blank | Compared))


def texts_of(node: object) -> frozenset[str]:
    """Return the names whose cell text, not value, is looked at."""
    return frozenset(part.name for part in walk(node) if isinstance(part, Matches))


def folds(node: object) -> bool:
    """Return whether the expression makes one value of a group's rows."""
    return any(isinstance(part, Fold) for part in walk(node))


def needs_group(node: object) -> bool:
    """Return whether the expression needs all rows of a group at once."""
    return any(isinstance(part, Fold | Allocate | Position | Beside) for part in walk(node))


def of_one_row(sets: Iterable[tuple[str, Expression]]) -> Iterator[tuple[str, Expression]]:
    """Yield the values that need nothing but their own row, neither themselves nor in what they are made of."""
    others: set[str] = set()
    for name, node in sets:
        if needs_group(node) or not others.isdisjoint(fields_of(node)):
            others.add(name)
        else:
            others.discard(name)
            yield name, node


def walk(node: object) -> Iterator[object]:
    """Yield an expression or condition and everything inside it."""
    if isinstance(node, tuple):
        for part in node:
            yield from walk(part)
    elif (names := _names(type(node))) is not None:
        yield node
        for name in names:
            value = getattr(node, name)
            if isinstance(value, tuple) or _names(type(value)) is not None:
                yield from walk(value)


def _names(kind: type) -> tuple[str, ...] | None:
    """Return what the parts of such an expression are called, None for what is no expression."""
    if kind not in _NAMES:
        _NAMES[kind] = tuple(one.name for one in fields(kind)) if is_dataclass(kind) else None
    return _NAMES[kind]


_NAMES: dict[type, tuple[str, ...] | None] = {}  # asking a class costs more than walking on


def read_expression(
    value: object, kinds: Mapping[str, str], place: Place, key: str, target: str | None = None
) -> tuple[Expression, str | None]:
    """Return the expression a descriptor declares and the kind of its values.

    ``target`` is the kind of the field it fills; a constant is read as that.  Raise MappingError.
    """
    if isinstance(value, str):
        if value not in kinds:
            raise place.wrong(key, "mapping_unknown_value", value=value)
        return Name(value), kinds[value]
    if not isinstance(value, dict):
        raise place.wrong(key, "mapping_kind", expected='"name", { operator = … }')
    for operator, reader in _READERS.items():
        if operator in value:
            return reader(_Asked(value, kinds, place, key, target))
    raise place.wrong(key, "mapping_unknown_operator", value=", ".join(value), known=", ".join(_READERS))


def read_condition(value: object, kinds: Mapping[str, str], place: Place, key: str) -> Condition:
    """Return the condition a descriptor declares; raise MappingError."""
    if not isinstance(value, dict) or not value:
        raise place.wrong(key, "mapping_kind", expected="{ eq = { … } }")
    parts: list[Condition] = []
    for operator, inner in value.items():
        where = f"{key}.{operator}"
        if operator in ("all_of", "any_of"):
            if not isinstance(inner, list) or not inner:
                raise place.wrong(where, "mapping_kind", expected="[{ … }, { … }]")
            members = tuple(read_condition(part, kinds, place, where) for part in inner)
            parts.append(AllOf(members) if operator == "all_of" else AnyOf(members))
        elif operator == "not":
            parts.append(Not(read_condition(inner, kinds, place, where)))
        elif operator in ("blank", "present"):
            for name in place.text_list(value, operator, key):
                blank = Blank(_named(name, kinds, place, where, star=True))
                parts.append(blank if operator == "blank" else Not(blank))
        elif operator in ("eq", "in", "matches", "above", "below"):
            if not isinstance(inner, dict) or not inner:
                raise place.wrong(where, "mapping_kind", expected="{ name = … }")
            for name, wanted in inner.items():
                parts.append(_compared(operator, name, wanted, kinds, place, where))
        else:
            raise place.wrong(key, "mapping_unknown_operator", value=operator, known=", ".join(_CONDITIONS))
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


_CONDITIONS = ("eq", "in", "matches", "blank", "present", "above", "below", "all_of", "any_of", "not")


def _named(name: str, kinds: Mapping[str, str], place: Place, key: str, *, star: bool = False) -> str:
    if name not in kinds and not (star and name == "*"):
        raise place.wrong(key, "mapping_unknown_value", value=name)
    return name


def _compared(operator: str, name: str, wanted: object, kinds: Mapping[str, str], place: Place, key: str) -> Condition:
    if operator == "matches":
        _named(name, kinds, place, key, star=True)
        if not isinstance(wanted, str):
            raise place.wrong(key, "mapping_kind", expected="'…'")
        return Matches(name, place.compile(wanted, key))
    _named(name, kinds, place, key)
    if operator == "in":
        if not isinstance(wanted, list) or not all(isinstance(entry, str | int | float | bool) for entry in wanted):
            raise place.wrong(key, "mapping_kind", expected="[…]")
        return Equals(name, tuple(wanted))
    if not isinstance(wanted, str | int | float | bool):
        raise place.wrong(key, "mapping_kind", expected="…")
    if operator == "eq":
        return Equals(name, (wanted,))
    if kinds[name] == "text":
        raise place.wrong(key, "mapping_wrong_kind", value="text", field=name, expected="int")
    return Compared(name, 1 if operator == "above" else -1, wanted)


@dataclass(frozen=True)
class _Asked:
    """One operator table that is being read."""

    table: Tree
    kinds: Mapping[str, str]
    place: Place
    key: str
    target: str | None

    def only(self, *allowed: str) -> None:
        self.place.known_keys(self.table, allowed, self.key)

    def expression(self, operator: str, target: str | None = None) -> tuple[Expression, str | None]:
        return read_expression(self.table[operator], self.kinds, self.place, f"{self.key}.{operator}", target)

    def of_kind(self, operator: str, *kinds: str) -> Expression:
        made, kind = self.expression(operator)
        if kind is not None and kind not in kinds:
            raise self.place.wrong(
                f"{self.key}.{operator}", "mapping_wrong_kind", value=kind, field=operator, expected=", ".join(kinds)
            )
        return made

    def members(self, operator: str) -> list[object]:
        value = self.table[operator]
        if not isinstance(value, list) or not value:
            raise self.place.wrong(f"{self.key}.{operator}", "mapping_kind", expected="[…]")
        return value

    def alike(self, kinds: list[str | None], operator: str) -> str | None:
        """Return the one kind of several parts; whole numbers among fractions are fractions."""
        known = {kind for kind in kinds if kind is not None}
        if len(known) > 1 and known <= {"int", "real", "flag"}:
            return "real" if "real" in known else "int"
        if len(known) > 1:
            raise self.place.wrong(
                f"{self.key}.{operator}", "mapping_wrong_kind", value=", ".join(sorted(known)), field=operator, expected=min(known)
            )
        return known.pop() if known else None


_Made: TypeAlias = tuple[Expression, str | None]


def _const(asked: _Asked) -> _Made:
    asked.only("const")
    value = asked.table["const"]
    if not isinstance(value, str | int | float | bool):
        raise asked.place.wrong(f"{asked.key}.const", "mapping_kind", expected='"…", 1, true')
    own = "flag" if isinstance(value, bool) else "int" if isinstance(value, int) else "real" if isinstance(value, float) else "text"
    target = {"ref": "text", "cost_e4": "money", None: own}.get(asked.target, asked.target)
    if target == "text" and not isinstance(value, str):
        value = str(value)
    if target in ("int", "real", "flag") and isinstance(value, str):
        raise asked.place.wrong(f"{asked.key}.const", "mapping_wrong_kind", value="text", field="const", expected=target)
    return Const(value, target or own), target


def _first(asked: _Asked) -> _Made:
    asked.only("first")
    made = [
        read_expression(part, asked.kinds, asked.place, f"{asked.key}.first", asked.target) for part in asked.members("first")
    ]
    return First(tuple(part for part, _ in made)), asked.alike([kind for _, kind in made], "first")


def _sum(asked: _Asked) -> _Made:
    asked.only("sum", "strict")
    terms: list[tuple[int, Expression]] = []
    kinds: list[str | None] = []
    numbers: list[tuple[int, int | float]] = []
    for part in asked.members("sum"):
        sign = 1
        if isinstance(part, bool):
            raise asked.place.wrong(f"{asked.key}.sum", "mapping_kind", expected='"a", "-b", 5')
        if isinstance(part, int | float):
            numbers.append((len(terms), part))
            terms.append((1, Const(part, "int")))
            continue
        if isinstance(part, str) and part.startswith("-"):
            sign, part = -1, part[1:]
        made, kind = read_expression(part, asked.kinds, asked.place, f"{asked.key}.sum")
        terms.append((sign, made))
        kinds.append(kind)
    if set(kinds) == {"ts"} and len(terms) == 2 and terms[0][0] != terms[1][0]:
        return Sum(tuple(terms), "int", True), "int"  # seconds between two instants
    if set(kinds) == {"day"} and len(terms) == 2 and terms[0][0] != terms[1][0]:
        return Sum(tuple(terms), "int", True), "int"
    if kinds.count("ts") == 1 and not numbers and set(kinds) == {"ts", "int"} and terms[kinds.index("ts")][0] == 1:
        return Sum(tuple(terms), "ts", True), "ts"  # an instant, seconds later or earlier
    if {"ts", "day"} & set(kinds):
        raise asked.place.wrong(f"{asked.key}.sum", "mapping_wrong_kind", value="day", field="sum", expected='["b_ts", "-a_ts"]')
    kind = asked.alike(kinds, "sum") or "int"
    if kind == "text":
        raise asked.place.wrong(f"{asked.key}.sum", "mapping_wrong_kind", value="text", field="sum", expected="int, real, money")
    kind = "int" if kind == "flag" else kind
    if kind == "int" and any(isinstance(number, float) for _, number in numbers):
        kind = "real"
    for position, number in numbers:
        terms[position] = (1, Const(number, kind))
    strict = asked.place.boolean(asked.table, "strict", asked.key, False)
    return Sum(tuple(terms), kind, strict), kind


def _product(asked: _Asked) -> _Made:
    asked.only("product")
    factors: list[Expression] = []
    kinds: list[str] = []
    for part in asked.members("product"):
        if isinstance(part, int | float) and not isinstance(part, bool):
            kinds.append("int" if isinstance(part, int) else "real")
            factors.append(Const(part, kinds[-1]))
            continue
        made, kind = read_expression(part, asked.kinds, asked.place, f"{asked.key}.product")
        if kind not in ("int", "real", "money", "flag"):
            raise asked.place.wrong(
                f"{asked.key}.product", "mapping_wrong_kind", value=kind or "?", field="product", expected="int, real, money"
            )
        kinds.append(kind)
        factors.append(made)
    if kinds.count("money") > 1:
        raise asked.place.wrong(f"{asked.key}.product", "mapping_wrong_kind", value="money", field="product", expected="int, real")
    kind = "money" if "money" in kinds else "real" if "real" in kinds else "int"
    return Product(tuple(factors), kind), kind


def _absolute(asked: _Asked) -> _Made:
    asked.only("abs")
    made, kind = asked.expression("abs")
    if kind not in ("int", "real", "money"):
        raise asked.place.wrong(f"{asked.key}.abs", "mapping_wrong_kind", value=kind or "?", field="abs", expected="int, real, money")
    return Absolute(made), kind


def _mapped(asked: _Asked) -> _Made:
    asked.only("map", "values", "other")
    values = asked.table.get("values")
    if not isinstance(values, dict):
        raise asked.place.wrong(f"{asked.key}.values", "mapping_missing")
    other = asked.place.text(asked.table, "other", asked.key) or "keep"
    if other not in ("keep", "missing") and not other.startswith("="):
        raise asked.place.wrong(f"{asked.key}.other", "mapping_choice", value=other, known='keep, missing, "= …"')
    whole = bool(values) and all(isinstance(value, bool | int) for value in values.values())
    kind = ("flag" if all(isinstance(value, bool) for value in values.values()) else "int") if whole else "text"
    pairs = tuple(
        (" ".join(str(word).casefold().split()), str(int(value)) if isinstance(value, bool) else str(value))
        for word, value in values.items()
    )
    return Mapped(asked.of_kind("map", "text"), pairs, "missing" if whole and other == "keep" else other, kind), kind


_CELL_KINDS = {"text": "text", "id": "text", "integer": "int", "number": "real", "money": "money", "ratio": "real", "percent": "real",
               "date": "day", "datetime": "ts", "flag": "flag", "duration": "int"}


def _cut(asked: _Asked) -> _Made:
    asked.only("regex", "pattern", "type")
    pattern = asked.place.regex(asked.table, "pattern", asked.key)
    if pattern is None:
        raise asked.place.wrong(f"{asked.key}.pattern", "mapping_missing")
    cell_type = asked.place.choice(asked.table, "type", asked.key, tuple(_CELL_KINDS), "text")
    return Cut(asked.of_kind("regex", "text"), pattern, cell_type), _CELL_KINDS[cell_type]


def _split(asked: _Asked) -> _Made:
    asked.only("split", "by", "part")
    part = asked.table.get("part", 1)
    if not isinstance(part, int) or part == 0:
        raise asked.place.wrong(f"{asked.key}.part", "mapping_kind", expected="1, 2, -1 …")
    by = asked.place.text(asked.table, "by", asked.key, needed=True)
    return Split(asked.of_kind("split", "text"), by, part), "text"


def _join(asked: _Asked) -> _Made:
    asked.only("join", "by")
    parts = []
    for part in asked.members("join"):
        made, kind = read_expression(part, asked.kinds, asked.place, f"{asked.key}.join")
        if kind not in ("text", "int", "day", "ts", None):
            raise asked.place.wrong(f"{asked.key}.join", "mapping_wrong_kind", value=kind, field="join", expected="text, int, day, ts")
        parts.append(made)
    return Join(tuple(parts), asked.place.text(asked.table, "by", asked.key)), "text"


def _length(asked: _Asked) -> _Made:
    asked.only("length")
    return Length(asked.of_kind("length", "text")), "int"


def _date_add(asked: _Asked) -> _Made:
    asked.only("date_add", "days")
    days = asked.table.get("days")
    if isinstance(days, bool) or not isinstance(days, int | str | dict):
        raise asked.place.wrong(f"{asked.key}.days", "mapping_missing")
    return DateAdd(asked.of_kind("date_add", "day"), days if isinstance(days, int) else asked.of_kind("days", "int")), "day"


def _end_of(asked: _Asked) -> _Made:
    asked.only("end_of", "day")
    unit = asked.place.choice(asked.table, "end_of", asked.key, ("week", "month", "quarter", "year"), None)
    if "day" not in asked.table:
        raise asked.place.wrong(f"{asked.key}.day", "mapping_missing")
    made = asked.of_kind("day", "day")
    if unit == "week":
        return EndOf("week", made), "day"
    return EndOf("month" if unit == "month" else "quarter" if unit == "quarter" else "year", made), "day"


def _choose(asked: _Asked) -> _Made:
    asked.only("if", "then", "else")
    when = read_condition(asked.table["if"], asked.kinds, asked.place, f"{asked.key}.if")
    if "then" not in asked.table:
        raise asked.place.wrong(f"{asked.key}.then", "mapping_missing")
    then, then_kind = asked.expression("then", asked.target)
    otherwise, else_kind = asked.expression("else", asked.target) if "else" in asked.table else (None, None)
    kind = asked.alike([then_kind, else_kind], "then") or "text"
    return Choose(when, then, otherwise, kind), kind


def _flag(asked: _Asked) -> _Made:
    asked.only("flag")
    return FlagOf(read_condition(asked.table["flag"], asked.kinds, asked.place, f"{asked.key}.flag")), "flag"


def _file(asked: _Asked) -> _Made:
    asked.only("file", "pattern")
    part = asked.place.choice(asked.table, "file", asked.key, _PARTS_OF_A_FILE, None)
    return FromFile(part, asked.place.regex(asked.table, "pattern", asked.key)), "text"


def _header(asked: _Asked) -> _Made:
    asked.only("header")
    return FromFile("header", asked.place.regex(asked.table, "header", asked.key)), "text"


def _preamble(asked: _Asked) -> _Made:
    asked.only("preamble")
    return FromFile("preamble", asked.place.regex(asked.table, "preamble", asked.key)), "text"


def _period(asked: _Asked) -> _Made:
    asked.only("period")
    which = asked.place.choice(asked.table, "period", asked.key, ("first", "last"), None)
    return PeriodEnd("first" if which == "first" else "last"), "day"


def _as_of(asked: _Asked) -> _Made:
    asked.only("as_of")
    kind = asked.place.choice(asked.table, "as_of", asked.key, ("day", "ts"), None)
    return AsOf("day" if kind == "day" else "ts"), kind


def _answer(asked: _Asked) -> _Made:
    asked.only("answer")
    return Answer(asked.place.text(asked.table, "answer", asked.key, needed=True)), "text"


def _position(asked: _Asked) -> _Made:
    asked.only("position")
    asked.place.choice(asked.table, "position", asked.key, ("group",), None)
    if asked.target in ("text", "ref"):
        return Position("text"), "text"
    return Position("int"), "int"


def _beside(operator: Literal["next", "previous"]) -> Callable[[_Asked], _Made]:
    def reader(asked: _Asked) -> _Made:
        asked.only(operator, "where")
        made, kind = asked.expression(operator)
        where = None
        if "where" in asked.table:
            where = read_condition(asked.table["where"], asked.kinds, asked.place, f"{asked.key}.where")
        return Beside(made, 1 if operator == "next" else -1, where), kind

    return reader


def _counted(asked: _Asked) -> _Made:
    asked.only("count")
    if asked.table["count"] == "rows" and "rows" not in asked.kinds:
        return Fold("count", None, "int"), "int"
    return Fold("count", asked.expression("count")[0], "int"), "int"


def _different(asked: _Asked) -> _Made:
    asked.only("different")
    return Fold("different", asked.expression("different")[0], "int"), "int"


def _folded(how: Literal["total", "min", "max", "last"]) -> Callable[[_Asked], _Made]:
    def reader(asked: _Asked) -> _Made:
        asked.only(how)
        made, kind = asked.expression(how)
        kind = kind or "int"
        if kind == "text" and how != "last" or (how == "total" and kind in ("day", "ts")):
            raise asked.place.wrong(f"{asked.key}.{how}", "mapping_wrong_kind", value=kind, field=how, expected="int, real, money")
        kind = "int" if how == "total" and kind == "flag" else kind
        return Fold(how, made, kind), kind

    return reader


def _tested(how: Literal["any", "every"]) -> Callable[[_Asked], _Made]:
    def reader(asked: _Asked) -> _Made:
        asked.only(how)
        return Fold(how, read_condition(asked.table[how], asked.kinds, asked.place, f"{asked.key}.{how}"), "flag"), "flag"

    return reader


def _allocate(asked: _Asked) -> _Made:
    asked.only("allocate", "over")
    if "over" not in asked.table:
        raise asked.place.wrong(f"{asked.key}.over", "mapping_missing")
    return Allocate(asked.of_kind("allocate", "money"), asked.of_kind("over", "money", "int")), "money"


_READERS: dict[str, Callable[[_Asked], _Made]] = {
    "const": _const, "first": _first, "sum": _sum, "product": _product, "abs": _absolute, "map": _mapped, "regex": _cut, "split": _split,
    "join": _join, "length": _length, "date_add": _date_add, "end_of": _end_of, "if": _choose, "flag": _flag, "file": _file,
    "header": _header, "preamble": _preamble, "period": _period, "as_of": _as_of, "answer": _answer, "position": _position, "next": _beside("next"), "previous": _beside("previous"),
    "count": _counted, "different": _different, "total": _folded("total"), "min": _folded("min"), "max": _folded("max"),
    "last": _folded("last"), "any": _tested("any"), "every": _tested("every"), "allocate": _allocate,
}

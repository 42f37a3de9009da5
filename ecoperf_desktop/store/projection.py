"""What a view shows of orders and lines that are all new, worked out over arrays instead of in SQL.

The SQL of the views and measures is the truth.  This room reads the part of it that
sales need (columns, ``+ - *``, comparisons, CASE, COALESCE, joins by key) and refuses the
rest; what it refuses is summed from the stored rows instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ecoperf_desktop.model.columns import Bool, Coded, Column, Numbers, Reals
from ecoperf_desktop.store.new_sales import NewSales


class Unreadable(Exception):
    """SQL that is not read here."""


class Level(IntEnum):
    """For what an expression has a value each: once for all rows, for each order, or for each line."""

    ALL = 0
    ORDER = 1
    LINE = 2


@dataclass(frozen=True)
class Vector:
    """One expression: numbers, and where they are NULL (None: nowhere), one for each of its level."""

    values: NDArray[Any]
    missing: Bool | None
    level: Level


Node: TypeAlias = tuple[Any, ...]

_TOKEN = re.compile(
    r"\s+|--[^\n]*|(?P<number>\d+(?:\.\d+)?)|(?P<text>'(?:[^']|'')*')|(?P<name>\"[^\"]+\"|[A-Za-z_]\w*)"
    r"|(?P<sign><>|!=|<=|>=|\|\||[-+*/%(),.<>=])"
)
_JOINS = {"join", "left", "inner", "outer", "cross", "right", "full", "natural"}
_PERSON = re.compile(r"\( SELECT (\w+) \. buyer_id FROM customer \1 WHERE \1 \. customer_id = (\w+) \. customer_id \)", re.I)
# Joined by key to every order: they neither add nor drop rows.
_ALWAYS_THERE = {"shop", "source"}
_KEYS = {"order_id", "line_id", "shop_id", "source_id"}
# Of the other tables only these say something about a new order; rows of facts cannot refer to one yet.
_DIMENSIONS = {"customer", "product", "category", "supplier", "staff", "campaign", "channel", "region", "calendar"}


@dataclass(frozen=True)
class _Arm:
    """One SELECT of a view."""

    columns: dict[str, Node]
    inner: dict[str, str]
    left: dict[str, str]
    where: Node | None


class Projection:
    """The rows that one view shows of the new sales; ``rows`` is 0 when it shows none.

    Raises Unreadable where the view's SQL, or later an expression, is not understood.
    """

    def __init__(self, sql: str, new: NewSales) -> None:
        arms = [arm for arm in _read(sql) if _shows_sales(arm)]
        if len(arms) > 1:
            raise Unreadable("several parts show orders")
        self._arm = arms[0] if arms else None
        self._by_line = self._arm is not None and "order_lines" in self._arm.inner.values()
        self._take(new)
        if self._arm is None:
            self.rows = 0
        elif self._arm.where is not None:
            chosen = self._evaluate(self._arm.where)
            truth = _truth(chosen)
            if not truth.all():
                self._take(self._restricted(truth, chosen.level))

    def _take(self, new: NewSales) -> None:
        self._new = new
        self._known: dict[Node, Vector] = {}
        self.orders = _length(new.orders)
        self.rows = _length(new.lines) if self._by_line else self.orders
        if self._by_line and self.rows and new.line_order is None:
            raise Unreadable("lines without their orders")
        self.line_order = new.line_order if self._by_line else None

    def _restricted(self, truth: Bool, level: Level) -> NewSales:
        new = self._new
        if level is Level.ALL:
            return NewSales({}, {}, None, None)
        if level is Level.LINE:
            assert self.line_order is not None
            lines = {name: _chosen(column, truth) for name, column in new.lines.items()}
            return NewSales(new.orders, lines, self.line_order[truth], new.buyers)
        orders = {name: _chosen(column, truth) for name, column in new.orders.items()}
        buyers = None if new.buyers is None else _chosen_numbers(new.buyers, truth)
        if self.line_order is None:
            return NewSales(orders, {}, None, buyers)
        with_order = truth[self.line_order]
        lines = {name: _chosen(column, with_order) for name, column in new.lines.items()}
        place = np.cumsum(truth) - 1
        return NewSales(orders, lines, place[self.line_order[with_order]], buyers)

    def vector(self, expression: str) -> Vector:
        """Return ``expression`` over the view's columns, at the level it varies on."""
        assert self._arm is not None
        return self._evaluate(_put_in(_expression(expression), self._arm.columns))

    def at(self, level: Level, vector: Vector) -> tuple[NDArray[Any], Bool | None]:
        """Return values, and where they are missing, one for each order or line."""
        return self._spread(vector.values, vector.level, level), (
            None if vector.missing is None else self._spread(vector.missing, vector.level, level)
        )

    def _spread(self, values: NDArray[Any], have: Level, want: Level) -> NDArray[Any]:
        if have is want:
            return values
        if have is Level.ALL:
            return np.broadcast_to(values, (self.orders if want is Level.ORDER else self.rows,))
        assert self.line_order is not None
        return values[self.line_order]

    def _evaluate(self, node: Node) -> Vector:
        known = self._known.get(node)
        if known is None:
            known = self._work_out(node)
            self._known[node] = known
        return known

    def _together(self, *nodes: Node) -> tuple[list[tuple[NDArray[Any], Bool | None]], Level]:
        """Evaluate expressions at the finest level that any of them needs."""
        vectors = [self._evaluate(node) for node in nodes]
        level = max(vector.level for vector in vectors)
        return [self.at(level, vector) for vector in vectors], level

    def _work_out(self, node: Node) -> Vector:
        kind = node[0]
        if kind == "number":
            return Vector(np.array(node[1]), None, Level.ALL)
        if kind == "null":
            return Vector(np.array(0), np.array(True), Level.ALL)
        if kind == "column":
            return self._column(node[1], node[2])
        if kind == "person":
            return self._person(node[1])
        if kind == "negative":
            inside = self._evaluate(node[1])
            return Vector(-inside.values, inside.missing, inside.level)
        if kind in _ARITHMETIC:
            (left, right), level = self._together(node[1], node[2])
            return Vector(_ARITHMETIC[kind](left[0], right[0]), _either(left[1], right[1]), level)
        if kind in _COMPARED:
            return self._compared(kind, node[1], node[2])
        if kind == "is null":
            return self._is_null(node[1])
        if kind == "not":
            inside = self._evaluate(node[1])
            return Vector(np.asarray(inside.values == 0), inside.missing, inside.level)
        if kind in ("and", "or"):
            return self._joined(kind, node)
        if kind == "coalesce":
            return self._first_known(node[1:])
        if kind == "case":
            return self._case(node)
        raise Unreadable(kind)

    def _compared(self, kind: str, left: Node, right: Node) -> Vector:
        if right[0] == "text":
            return self._compared_text(kind, left, right[1])
        (first, second), level = self._together(left, right)
        return Vector(np.asarray(_COMPARED[kind](first[0], second[0])), _either(first[1], second[1]), level)

    def _compared_text(self, kind: str, left: Node, text: str) -> Vector:
        if kind not in ("=", "<>"):
            raise Unreadable("text compared by order")
        otherwise: str | None = None
        if left[0] == "coalesce" and len(left) == 3 and left[2][0] == "text":
            left, otherwise = left[1], left[2][1]
        if left[0] != "column":
            raise Unreadable("text that is worked out")
        column, level = self._stored(left[1], left[2])
        if column is None:
            column, level = Coded(np.full((), -1, np.int32), ()), Level.ALL
        if not isinstance(column, Coded):
            raise Unreadable("a number compared with text")
        codes = [code for code, word in enumerate(column.words) if word == text]
        same = np.isin(column.codes, np.array(codes, np.int32))
        absent = np.asarray(column.codes < 0)
        if otherwise is None:
            return Vector(np.asarray(same if kind == "=" else ~same), absent, level)
        same = np.where(absent, otherwise == text, same)
        return Vector(np.asarray(same if kind == "=" else ~same), None, level)

    def _joined(self, kind: str, node: Node) -> Vector:
        (left, right), level = self._together(node[1], node[2])
        deciding = kind == "or"
        both = np.logical_or if deciding else np.logical_and
        truth = np.asarray(both(left[0] != 0, right[0] != 0))
        missing = _either(left[1], right[1])
        if missing is not None:
            decided = _decides(*left, deciding) | _decides(*right, deciding)
            truth = np.where(decided, deciding, truth)
            missing = np.asarray(missing & ~decided)
        return Vector(truth, missing, level)

    def _first_known(self, nodes: Node) -> Vector:
        result = self._evaluate(nodes[0])
        for node in nodes[1:]:
            if result.missing is None:
                break
            other = self._evaluate(node)
            level = max(result.level, other.level)
            (values, unknown), (others, unknown_others) = self.at(level, result), self.at(level, other)
            missing = None if unknown_others is None else np.asarray(_mask(unknown) & unknown_others)
            result = Vector(np.where(_mask(unknown), others, values), missing, level)
        return result

    def _case(self, node: Node) -> Vector:
        result = self._evaluate(node[2])
        for condition, outcome in reversed(node[1]):
            asked, chosen = self._evaluate(condition), self._evaluate(outcome)
            level = max(result.level, asked.level, chosen.level)
            truth = self._spread(_truth(asked), asked.level, level)
            (values, unknown), (others, unknown_others) = self.at(level, chosen), self.at(level, result)
            missing = None
            if unknown is not None or unknown_others is not None:
                missing = np.where(truth, _mask(unknown), _mask(unknown_others))
            result = Vector(np.where(truth, values, others), missing, level)
        return result

    def _is_null(self, node: Node) -> Vector:
        if node[0] == "column":
            column, level = self._stored(node[1], node[2])
            if isinstance(column, Coded):
                return Vector(np.asarray(column.codes < 0), None, level)
        inside = self._evaluate(node)
        if inside.missing is None:
            return Vector(np.array(False), None, Level.ALL)
        return Vector(inside.missing, None, inside.level)

    def _column(self, alias: str | None, name: str) -> Vector:
        column, level = self._stored(alias, name)
        if column is None:
            return self._evaluate(("null",))
        if isinstance(column, Coded):
            raise Unreadable("text where a number is meant")
        return _vector(column, level)

    def _person(self, alias: str) -> Vector:
        if self._table(alias, "") != "orders":
            raise Unreadable("the person of something else than an order")
        buyers = self._new.buyers
        return self._evaluate(("null",)) if buyers is None else _vector(buyers, Level.ORDER)

    def _stored(self, alias: str | None, name: str) -> tuple[Column | None, Level]:
        """Return a stored column, None when it is NULL in all rows, and its level."""
        table = self._table(alias, name)
        if table == "orders":
            return self._new.orders.get(name), Level.ORDER
        if table == "order_lines":
            return self._new.lines.get(name), Level.LINE
        if table in _DIMENSIONS or table in _ALWAYS_THERE:
            raise Unreadable(f"{table}.{name}")
        return None, Level.ALL

    def _table(self, alias: str | None, name: str) -> str:
        assert self._arm is not None
        tables = {**self._arm.inner, **self._arm.left}
        if alias is None:
            if len(tables) != 1:
                raise Unreadable(f"{name} without its table")
            return next(iter(tables.values()))
        if alias not in tables:
            raise Unreadable(alias)
        return tables[alias]


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {"+": np.add, "-": np.subtract, "*": np.multiply}
_COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    "=": np.equal, "<>": np.not_equal, "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
}


def _either(left: Bool | None, right: Bool | None) -> Bool | None:
    if left is None or right is None:
        return left if right is None else right
    return np.asarray(left | right)


def _mask(missing: Bool | None) -> Bool:
    return np.array(False) if missing is None else missing


def _truth(vector: Vector) -> Bool:
    truth: Bool = vector.values.astype(np.bool_, copy=False)
    return truth if vector.missing is None else np.asarray(truth & ~vector.missing)


def _decides(values: NDArray[Any], missing: Bool | None, outcome: bool) -> Bool:
    decided: Bool = np.asarray((values != 0) == outcome)
    return decided if missing is None else np.asarray(decided & ~missing)


def _vector(column: Numbers | Reals, level: Level) -> Vector:
    if column.missing is None or not column.missing.any():
        return Vector(column.values, None, level)
    return Vector(np.where(column.missing, 0, column.values), column.missing, level)


def _chosen_numbers(column: Numbers, rows: Bool) -> Numbers:
    return Numbers(column.values[rows], None if column.missing is None else column.missing[rows])


def _chosen(column: Column, rows: Bool) -> Column:
    if isinstance(column, Coded):
        return Coded(column.codes[rows], column.words)
    if isinstance(column, Numbers):
        return _chosen_numbers(column, rows)
    return Reals(column.values[rows], None if column.missing is None else column.missing[rows])


def _length(columns: Mapping[str, Column]) -> int:
    return len(next(iter(columns.values()))) if columns else 0


def _shows_sales(arm: _Arm) -> bool:
    """Say whether new orders alone can make rows of this part; raise Unreadable when that is unclear."""
    inner = set(arm.inner.values())
    if not inner & {"orders", "order_lines"}:
        return False
    others = inner - {"orders", "order_lines"} - _ALWAYS_THERE
    if others & _DIMENSIONS:
        raise Unreadable("a part that drops orders by a dimension")
    return not others


# ---- reading


@cache
def _read(sql: str) -> tuple[_Arm, ...]:
    reader = _Reader(sql)
    arms = [reader.arm()]
    while reader.takes("union"):
        if not reader.takes("all"):
            raise Unreadable("UNION without ALL")
        arms.append(reader.arm())
    reader.must_end()
    names = list(arms[0].columns)
    for arm in arms[1:]:
        if len(arm.columns) != len(names):
            raise Unreadable("parts of different width")
    return tuple(
        _Arm(dict(zip(names, arm.columns.values(), strict=True)), arm.inner, arm.left, arm.where) for arm in arms
    )


@cache
def _expression(text: str) -> Node:
    reader = _Reader(text)
    node = reader.expression()
    reader.must_end()
    return node


def _put_in(node: Any, columns: Mapping[str, Node]) -> Any:
    """Replace the view's columns by what they stand for."""
    if not isinstance(node, tuple):
        return node
    if node and node[0] == "column":
        if node[1] is not None or node[2] not in columns:
            raise Unreadable(str(node[2]))
        return columns[node[2]]
    return tuple(_put_in(part, columns) for part in node)


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise Unreadable(text[position:])
            position = match.end()
            if match.lastgroup is not None:
                self._tokens.append((match.lastgroup, match[0]))
        self._at = 0

    def arm(self) -> _Arm:
        self._must("select")
        columns: dict[str, Node] = {}
        while True:
            name, node = self._named(len(columns))
            columns[name] = node
            if not self.takes(","):
                break
        self._must("from")
        inner: dict[str, str] = {}
        left: dict[str, str] = {}
        self._table_into(inner)
        crossed = False
        while self._word() in _JOINS:
            side = inner
            crossed = self.takes("cross")
            if self.takes("left"):
                side = left
                self.takes("outer")
            else:
                self.takes("inner")
            self._must("join")
            self._table_into(side)
            if crossed:
                continue
            self._must("on")
            used = _columns_of(self.expression())
            if side is inner and not used <= _KEYS:
                raise Unreadable("a join that is not by key")
        where = self.expression() if self.takes("where") else None
        if where is not None:
            where = _without_keys(where)
        elif crossed:
            raise Unreadable("a join that is not by key")
        return _Arm(columns, inner, left, where)

    def _named(self, position: int) -> tuple[str, Node]:
        """Read one column; what it cannot read stays unread until somebody asks for it."""
        start = self._at
        try:
            node = self.expression()
            if self._word() not in ("as", ",", "from"):
                raise Unreadable("column")
        except Unreadable:
            self._at = start
            self._skip_column()
            node = self._person(start)
        if self.takes("as"):
            return self._name(), node
        return (node[2] if node[0] == "column" else f"column {position}"), node

    def _person(self, start: int) -> Node:
        """Recognise the one lookup that is known to be answered: the person behind a row's customer."""
        words = " ".join(word for _, word in self._tokens[start : self._at])
        match = _PERSON.fullmatch(words)
        return ("person", match[2]) if match else ("unread",)

    def _skip_column(self) -> None:
        depth = 0
        while self._at < len(self._tokens):
            word = self._word()
            if depth == 0 and word in (",", "from", "as"):
                return
            depth += (word in ("(", "case")) - (word in (")", "end"))
            self._at += 1

    def _table_into(self, tables: dict[str, str]) -> None:
        if self._word() == "(":
            raise Unreadable("a table that is worked out")
        table = self._name()
        self.takes("as")
        following = self._word()
        alias = table
        if self._kind() == "name" and following not in _JOINS | {"on", "where", "union", "group", "order", "limit"}:
            alias = self._name()
        tables[alias] = table

    def expression(self) -> Node:
        node = self._conjunction()
        while self.takes("or"):
            node = ("or", node, self._conjunction())
        return node

    def _conjunction(self) -> Node:
        node = self._negation()
        while self.takes("and"):
            node = ("and", node, self._negation())
        return node

    def _negation(self) -> Node:
        if self.takes("not"):
            return ("not", self._negation())
        return self._comparison()

    def _comparison(self) -> Node:
        left = self._sum()
        if self.takes("is"):
            negated = self.takes("not")
            self._must("null")
            node: Node = ("is null", left)
            return ("not", node) if negated else node
        negated = self.takes("not")
        if self.takes("between"):
            low = self._sum()
            self._must("and")
            node = ("and", (">=", left, low), ("<=", left, self._sum()))
            return ("not", node) if negated else node
        if self.takes("in"):
            self._must("(")
            node = ("=", left, self._sum())
            while self.takes(","):
                node = ("or", node, ("=", left, self._sum()))
            self._must(")")
            return ("not", node) if negated else node
        if negated:
            raise Unreadable("NOT")
        for sign in ("<>", "!=", "<=", ">=", "<", ">", "="):
            if self.takes(sign):
                return ("<>" if sign == "!=" else sign, left, self._sum())
        return left

    def _sum(self) -> Node:
        node = self._product()
        while self._word() in ("+", "-"):
            sign = self._next()
            node = (sign, node, self._product())
        return node

    def _product(self) -> Node:
        node = self._factor()
        while self._word() == "*":
            self._next()
            node = ("*", node, self._factor())
        return node

    def _factor(self) -> Node:
        kind, word = self._kind(), self._word()
        if self.takes("-"):
            return ("negative", self._factor())
        if self.takes("("):
            node = self.expression()
            self._must(")")
            return node
        if kind == "number":
            text = self._next()
            return ("number", float(text) if "." in text else int(text))
        if kind == "text":
            return ("text", self._next()[1:-1].replace("''", "'"))
        if self.takes("null"):
            return ("null",)
        if self.takes("case"):
            return self._case()
        if self.takes("coalesce"):
            self._must("(")
            parts = [self.expression()]
            while self.takes(","):
                parts.append(self.expression())
            self._must(")")
            return ("coalesce", *parts)
        if kind != "name" or word in ("select", "from", "exists", "cast"):
            raise Unreadable(word)
        name = self._name()
        if self._word() == "(":
            raise Unreadable(f"{name}()")
        if self.takes("."):
            return ("column", name, self._name())
        return ("column", None, name)

    def _case(self) -> Node:
        subject = None if self._word() == "when" else self.expression()
        branches: list[tuple[Node, Node]] = []
        while self.takes("when"):
            condition = self.expression()
            if subject is not None:
                condition = ("=", subject, condition)
            self._must("then")
            branches.append((condition, self.expression()))
        otherwise: Node = self.expression() if self.takes("else") else ("null",)
        self._must("end")
        return ("case", tuple(branches), otherwise)

    def must_end(self) -> None:
        if self._at < len(self._tokens):
            raise Unreadable(self._word())

    def takes(self, word: str) -> bool:
        if self._word() == word and self._kind() != "text":
            self._at += 1
            return True
        return False

    def _must(self, word: str) -> None:
        if not self.takes(word):
            raise Unreadable(f"{word} expected, {self._word()} found")

    def _name(self) -> str:
        if self._kind() != "name":
            raise Unreadable(self._word())
        return self._tokens_at()[1].strip('"')

    def _tokens_at(self) -> tuple[str, str]:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _next(self) -> str:
        return self._tokens_at()[1]

    def _word(self) -> str:
        return self._tokens[self._at][1].lower() if self._at < len(self._tokens) else ""

    def _kind(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""


def _without_keys(node: Node) -> Node | None:
    """Drop the conditions that only tie lines to their orders."""
    if node[0] == "and":
        left, right = _without_keys(node[1]), _without_keys(node[2])
        if left is None or right is None:
            return left if right is None else right
        return ("and", left, right)
    used = _columns_of(node)
    return None if used and used <= {"line_id", "order_id"} else node


def _columns_of(node: Any) -> set[str]:
    if not isinstance(node, tuple):
        return set()
    if node and node[0] == "column":
        return {str(node[2])}
    return set().union(*(_columns_of(part) for part in node))

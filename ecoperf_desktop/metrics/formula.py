"""Arithmetic over metrics: a small language of its own, read once and worked out exactly."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache
from typing import TypeAlias

from ecoperf_desktop.errors import MetricRefused
from ecoperf_desktop.model.value import Number
from ecoperf_desktop.records import dataclass

CHARACTERS = 2000
NODES = 200
DEPTH = 32
DIGITS = 15
GRAPH = 200  # metrics that one metric is made of, by way of others
# A number of more bits is worked on as a float: products of products would fill the memory otherwise.
_BITS = 4096
_REMEMBERED = 4096

_TOKEN = re.compile(r"\s*(?:(?P<number>[0-9]+(?:\.[0-9]+)?)|(?P<name>[a-z][a-z0-9_]*)|(?P<sign>[-+*/(),]))")


class NoBase(ArithmeticError):
    """A division by zero, or a result beyond all numbers."""


@dataclass(frozen=True)
class Literal:
    value: int | Fraction


@dataclass(frozen=True)
class Name:
    name: str


@dataclass(frozen=True)
class Negative:
    of: Node


@dataclass(frozen=True)
class Operation:
    sign: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Call:
    function: str
    arguments: tuple[Node, ...]


Node: TypeAlias = Literal | Name | Negative | Operation | Call

_BINDING = {"+": 1, "-": 1, "*": 2, "/": 2}
_UNARY = 3
_FUNCTIONS = {"min": 2, "max": 2, "abs": 1, "coalesce": 2}  # and how many arguments at least


@lru_cache(_REMEMBERED)
def parse(text: str) -> Node:
    """Read a formula: numbers, metric ids, ``+ - * / ( )``, ``min max abs coalesce``.

    Raises MetricRefused for anything else, and for more than 2,000 characters, 200
    parts, 32 levels or a number of more than 15 digits.
    """
    if len(text) > CHARACTERS:
        raise MetricRefused("metrics.formula_too_long", limit=CHARACTERS)
    parser = _Parser(text)
    node = parser.expression(0, 0)
    parser.must_end()
    return node


@lru_cache(_REMEMBERED)
def names(node: Node) -> tuple[str, ...]:
    """Return the names a formula asks for, each once, in order."""
    return tuple(dict.fromkeys(_names(node)))


def evaluate(node: Node, value: Callable[[str], Number | None]) -> Number | None:
    """Work out a formula exactly (in fractions, unless a part is a float).

    ``value`` gives each name's number.  None when a needed part is None; ``coalesce``
    takes its first part that is not.  Raises NoBase for a division by zero.
    """
    match node:
        case Literal():
            return node.value
        case Name():
            return value(node.name)
        case Negative():
            inside = evaluate(node.of, value)
            return None if inside is None else -inside
        case Operation():
            left, right = evaluate(node.left, value), evaluate(node.right, value)
            return None if left is None or right is None else _applied(node.sign, left, right)
        case Call():
            return _called(node, value)


def quotient(over: Number, under: Number) -> Number:
    """Divide; raise NoBase for a division by zero or a result beyond all numbers."""
    return _applied("/", over, under)


def _applied(sign: str, left: Number, right: Number) -> Number:
    try:
        return _bounded(_combined(sign, left, right))
    except (OverflowError, ZeroDivisionError) as beyond:
        raise NoBase from beyond


def _combined(sign: str, left: Number, right: Number) -> Number:
    if sign == "+":
        return left + right
    if sign == "-":
        return left - right
    if sign == "*":
        return left * right
    if right == 0:
        raise NoBase
    if isinstance(left, float) or isinstance(right, float):
        return float(left) / float(right)
    return Fraction(left, right)


def _bounded(number: Number) -> Number:
    """Return the number, as a float where it has too many digits; raise OverflowError where even that cannot hold it."""
    if isinstance(number, float):
        if not math.isfinite(number):
            raise OverflowError
        return number
    bits = number.numerator.bit_length() + number.denominator.bit_length()
    return number if bits <= _BITS else float(number)


def _called(call: Call, value: Callable[[str], Number | None]) -> Number | None:
    if call.function == "coalesce":
        for argument in call.arguments:
            try:
                found = evaluate(argument, value)
            except NoBase:
                continue
            if found is not None:
                return found
        return None
    known = [evaluate(argument, value) for argument in call.arguments]
    numbers = [number for number in known if number is not None]
    if len(numbers) < len(known):
        return None
    first = numbers[0]
    if call.function == "abs":
        return -first if first < 0 else first
    for number in numbers[1:]:
        if (number < first) == (call.function == "min"):
            first = number
    return first


def _names(node: Node) -> Iterator[str]:
    match node:
        case Name():
            yield node.name
        case Negative():
            yield from _names(node.of)
        case Operation():
            yield from _names(node.left)
            yield from _names(node.right)
        case Call():
            for argument in node.arguments:
                yield from _names(argument)
        case Literal():
            return


class _Parser:
    """A Pratt parser: each sign binds its right side as tightly as it binds itself."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str, int]] = []
        self._text = text
        position = 0
        while text[position:].strip():
            match = _TOKEN.match(text, position)
            if match is None or match.lastgroup is None:
                raise self._wrong(position + len(text[position:]) - len(text[position:].lstrip()))
            self._tokens.append((match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
            position = match.end()
        self._at = 0
        self._nodes = 0

    def expression(self, binding: int, depth: int) -> Node:
        if depth > DEPTH:
            raise MetricRefused("metrics.formula_too_deep", limit=DEPTH)
        left = self._prefix(depth)
        while (sign := self._sign()) in _BINDING and _BINDING[sign] > binding:
            self._at += 1
            left = self._counted(Operation(sign, left, self.expression(_BINDING[sign], depth + 1)))
        return left

    def _prefix(self, depth: int) -> Node:
        if self._at >= len(self._tokens):
            raise self._wrong(len(self._text))
        kind, word, position = self._tokens[self._at]
        self._at += 1
        if kind == "number":
            if len(word.replace(".", "")) > DIGITS:
                raise MetricRefused("metrics.formula_long_number", number=word, limit=DIGITS)
            return self._counted(Literal(Fraction(word) if "." in word else int(word)))
        if kind == "name":
            if word in _FUNCTIONS and self._sign() == "(":
                return self._call(word, depth, position)
            return self._counted(Name(word))
        if word == "-":
            return self._counted(Negative(self.expression(_UNARY, depth + 1)))
        if word == "(":
            inside = self.expression(0, depth + 1)
            self._must(")")
            return inside
        raise self._wrong(position)

    def _call(self, function: str, depth: int, position: int) -> Node:
        self._at += 1
        arguments = [self.expression(0, depth + 1)]
        while self._sign() == ",":
            self._at += 1
            arguments.append(self.expression(0, depth + 1))
        self._must(")")
        if len(arguments) < _FUNCTIONS[function] or (function == "abs" and len(arguments) > 1):
            raise self._wrong(position)
        return self._counted(Call(function, tuple(arguments)))

    def must_end(self) -> None:
        if self._at < len(self._tokens):
            raise self._wrong(self._tokens[self._at][2])

    def _must(self, sign: str) -> None:
        if self._sign() != sign:
            raise self._wrong(self._tokens[self._at][2] if self._at < len(self._tokens) else len(self._text))
        self._at += 1

    def _sign(self) -> str:
        if self._at >= len(self._tokens):
            return ""
        kind, word, _ = self._tokens[self._at]
        return word if kind == "sign" else ""

    def _counted(self, node: Node) -> Node:
        self._nodes += 1
        if self._nodes > NODES:
            raise MetricRefused("metrics.formula_too_large", limit=NODES)
        return node

    def _wrong(self, position: int) -> MetricRefused:
        return MetricRefused("metrics.formula_unreadable", position=position + 1, found=self._text[position : position + 12])

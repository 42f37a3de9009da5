"""What in a text looks personal: e-mail addresses, phone, identity and card numbers, street and network addresses.

One set of patterns for two uses: the reader takes such stretches out of free text before it is stored, and the privacy check
looks for what is left.  They are narrow on purpose: an order number, an SKU or a barcode is no phone number.  A number counts
only by a form that is a phone's, by the check digit of an identity card, or by issuer and check digit of a card.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from ecoperf_desktop.records import dataclass

Kind = Literal["email", "phone", "identity", "card", "address", "ip", "name"]


@dataclass(frozen=True)
class Stretch:
    """A piece of a text that looks personal."""

    kind: Kind
    start: int
    end: int


# What stands in the place of what was taken out.
PLACEHOLDERS: dict[Kind, str] = {
    "email": "[e-mail]", "phone": "[phone]", "identity": "[id]", "card": "[card]", "address": "[address]", "ip": "[ip]", "name": "[name]",
}  # fmt: skip

# In web addresses the sign is often written %40.
EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}(?:@|%40)(?:[\w-]+\.)+[A-Za-z]{2,24}(?![\w-])")
EMAIL_BYTES = re.compile(rb"[A-Za-z0-9._+\-\x80-\xff]{1,64}(?:@|%40)(?:[A-Za-z0-9\-\x80-\xff]+\.)+[A-Za-z]{2,24}(?![A-Za-z0-9_-])")

_NO_DIGIT_BEFORE, _NO_DIGIT_BEHIND = r"(?<![\dA-Za-z._/#-])", r"(?![\dA-Za-z_/]|[.-]\d)"
_PHONES = (
    # mainland China: mobile numbers, and fixed lines with their area code
    re.compile(rf"{_NO_DIGIT_BEFORE}(?:\+?86[ -]?)?1[3-9]\d(?:[ -]?\d{{4}}){{2}}{_NO_DIGIT_BEHIND}"),
    re.compile(rf"{_NO_DIGIT_BEFORE}\(?0(?:10|2\d|[3-9]\d{{2}})[) -]{{1,2}}[2-8]\d{{6,7}}{_NO_DIGIT_BEHIND}"),
    # with the country in front
    re.compile(rf"(?<![\w+])\+[1-9]\d{{0,2}}(?:[ .-]?\(?\d{{1,5}}\)?){{2,5}}{_NO_DIGIT_BEHIND}"),
    re.compile(rf"(?<![\w+.-])00[1-9]\d{{0,2}}(?:[ .-]\(?\d{{1,5}}\)?){{2,5}}{_NO_DIGIT_BEHIND}"),
    # North America
    re.compile(rf"{_NO_DIGIT_BEFORE}(?:1[ .-])?(?:\([2-9]\d{{2}}\) ?|[2-9]\d{{2}}[.-])[2-9]\d{{2}}[ .-]\d{{4}}{_NO_DIGIT_BEHIND}"),
)
_IDENTITY = re.compile(r"(?<![\dA-Za-z])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\dA-Za-z])")
_CARD = re.compile(r"(?<![\dA-Za-z.-])(?:\d[ -]?){13,18}\d(?![\dA-Za-z]|[.-]\d)")
_IP = re.compile(r"(?<![\w.-])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w-]|\.\d)")
_ADDRESSES = (
    re.compile(r"[\u4e00-\u9fff]{1,12}(?:路|街|大道|胡同|弄|巷)\s?\d{1,5}\s?(?:号|弄)"),
    re.compile(
        r"(?<![\w$£€.,])\d{1,5}[A-Za-z]?,? (?:[NSEW]\.? )?(?:[A-Z][a-z]+ ){1,3}"
        r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Terrace|Close|Crescent)(?:\.|(?=\s*(?:,|;|\n|$|No\b|Apt|Unit)))"
    ),
)
_MAY_BE = re.compile(r"@|%40|\d(?:[ ().-]{0,2}\d){6}|\d\.\d{1,3}\.\d|[路街道同弄巷]\s?\d|\d[A-Za-z]?,? [NSEW]?\.? ?[A-Z][a-z]+ ")
_MAY_BE_PHONE_FIELD = re.compile(r"(?:^|[?&;])(?:[\w.-]*[_.-])?(?:phone|mobile|tel)=(?:\+|%2B)?[\d ()%.-]{7,}", re.IGNORECASE)


def stretches(text: str, kinds: frozenset[Kind] | None = None) -> list[Stretch]:
    """Return what of a text looks personal, in its order, without overlaps; ``kinds`` None looks for all of them."""
    if _MAY_BE.search(text) is None:
        return []
    found: list[Stretch] = []
    for one in _found(text):
        wanted = kinds is None or one.kind in kinds
        if wanted and not any(one.start < other.end and other.start < one.end for other in found):
            found.append(one)
    return sorted(found, key=lambda one: one.start)


def redacted(text: str, kinds: frozenset[Kind] | None = None) -> str:
    """Return the text with a placeholder for everything in it that looks personal."""
    pieces, place = [], 0
    for one in stretches(text, kinds):
        pieces += [text[place : one.start], PLACEHOLDERS[one.kind]]
        place = one.end
    return "".join((*pieces, text[place:])) if pieces else text


def redacted_bytes(text: bytes) -> bytes:
    """Return UTF-8 text with a placeholder for every e-mail address in it."""
    if b"@" not in text and b"%40" not in text:
        return text
    return EMAIL_BYTES.sub(PLACEHOLDERS["email"].encode(), text)


def redacted_address(address: str) -> str:
    """Return a web address without e-mail addresses, and without what its query calls a phone.

    Other numbers in it are names of pages.
    """
    shorter = redacted(address, frozenset({"email"}))
    return _MAY_BE_PHONE_FIELD.sub(lambda met: met[0].partition("=")[0] + "=" + PLACEHOLDERS["phone"], shorter)


def has_phone_field(address: str) -> bool:
    """Say whether a web address names a phone number in its query."""
    return _MAY_BE_PHONE_FIELD.search(address) is not None


def without_domain(name: str) -> str:
    """Return the name a person of the shop goes by where exports give an e-mail address instead."""
    met = EMAIL.fullmatch(name.strip())
    return re.split(r"@|%40", name.strip())[0] if met else redacted(name, frozenset({"email"}))


def _found(text: str) -> Iterator[Stretch]:
    """Yield what looks personal, what is surest first."""
    for met in EMAIL.finditer(text):
        yield Stretch("email", *met.span())
    for met in _IDENTITY.finditer(text):
        if _is_identity(met[0]):
            yield Stretch("identity", *met.span())
    for met in _CARD.finditer(text):
        if _is_card(re.sub(r"\D", "", met[0])):
            yield Stretch("card", *met.span())
    for pattern in _PHONES:
        for met in pattern.finditer(text):
            if 8 <= sum(map(str.isdigit, met[0])) <= 16:
                yield Stretch("phone", *met.span())
    for met in _IP.finditer(text):
        if not met[0].startswith(("0.", "127.", "255.")):
            yield Stretch("ip", *met.span())
    for pattern in _ADDRESSES:
        for met in pattern.finditer(text):
            yield Stretch("address", *met.span())


def _is_identity(number: str) -> bool:
    """Check the last digit of a Chinese identity number (GB 11643, ISO 7064 MOD 11-2)."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(weight * int(digit) for weight, digit in zip(weights, number, strict=False))
    return "10X98765432"[total % 11] == number[-1].upper() and "11" <= number[:2] <= "83"


def _is_card(digits: str) -> bool:
    """Say whether digits are a payment card's: by length and issuer, and by their check digit (ISO/IEC 7812-1)."""
    issued = (
        len(digits) == 16 and re.match(r"4|5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|6011|65|35(?:2[89]|[3-8])", digits)
        or len(digits) == 15 and re.match(r"3[47]", digits)
        or 16 <= len(digits) <= 19 and digits.startswith("62")
    )  # fmt: skip
    if not issued:
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0

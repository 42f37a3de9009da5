"""The guide: our own text on what is kept where and what to do when something goes wrong, as sections of plain parts."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Literal

from ecoperf_desktop import language, paths
from ecoperf_desktop.records import dataclass

Kind = Literal["text", "bullet", "step", "command", "place"]
PLACES = ("workspace", "backups", "settings", "formats", "logs")

_CODE = re.compile(r"\{([a-z]+\.[a-z_]+)\}")
_WIDTH = 96
_STEP = re.compile(r"(\d+)\. ")
# How menus mark the letter that opens them, and that more is asked.
_MENU_MARK = re.compile(r"\(&\w\)|&")


@dataclass(frozen=True)
class Part:
    """A paragraph, a line of a list, a command to type or a place on the disk.

    ``mark`` is the number of a step, or the name of a place (of PLACES), whose path is ``text``.
    """

    kind: Kind
    text: str
    mark: str = ""


@dataclass(frozen=True)
class Section:
    """``number`` tells sections apart, in whatever language they are."""

    number: int
    title: str
    parts: tuple[Part, ...]

    def speaks_of(self, words: str) -> bool:
        """Say whether every one of ``words`` occurs in it."""
        everything = " ".join((self.title, *(part.text for part in self.parts))).casefold()
        return all(word in everything for word in words.casefold().split())


def sections(workspace: Path, spoken: str | None = None) -> tuple[Section, ...]:
    """Return the guide in the language of the moment, with the places of ``workspace`` and of this person."""
    spoken = spoken or language.current()
    text = (paths.resources() / "help" / spoken / "guide").with_suffix(".md").read_text(encoding="utf-8")
    chapters = text.split("\n## ")[1:]
    return tuple(_section(number, chapter, workspace, spoken) for number, chapter in enumerate(chapters))


def place(name: str, workspace: Path) -> Path:
    """Return where something named in PLACES lies; it may not be there yet."""
    return {
        "workspace": workspace,
        "backups": paths.backup_dir(workspace),
        "settings": paths.data_dir() / "preferences.json",
        "formats": paths.user_formats(),
        "logs": paths.log_dir(),
    }[name].absolute()


def written(section: Section) -> str:
    """Return a section as lines for a terminal."""
    lines = [section.title, ""]
    for before, part in zip((None, *section.parts), section.parts, strict=False):
        is_list = part.kind in ("bullet", "step")
        if before is not None and not (is_list and before.kind == part.kind) and before.kind != "place":
            lines.append("")
        match part.kind:
            case "place":
                lines.append(f"{language.sentence(f'guide.place_{part.mark}')}: {part.text}")
            case "command":
                lines.append(f"    {part.text}")
            case "bullet":
                lines.append(_wrapped(part.text, "  - "))
            case "step":
                lines.append(_wrapped(part.text, f"  {part.mark}. "))
            case _:
                lines.append(_wrapped(part.text, ""))
    return "\n".join((*lines, ""))


def _wrapped(text: str, lead: str) -> str:
    # Chinese has no blanks to break at; there the terminal's own edge does.
    return textwrap.fill(text, _WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead), break_long_words=False, break_on_hyphens=False)


def _section(number: int, chapter: str, workspace: Path, spoken: str) -> Section:
    title, _, body = chapter.partition("\n")
    return Section(number, _worded(title.strip(), spoken), tuple(_part(line.strip(), workspace, spoken) for line in body.splitlines() if line.strip()))


def _part(line: str, workspace: Path, spoken: str) -> Part:
    if line.startswith("@"):
        return Part("place", str(place(line[1:], workspace)), line[1:])
    if line.startswith("$ "):
        return Part("command", line[2:])
    if line.startswith("- "):
        return Part("bullet", _worded(line[2:], spoken))
    if step := _STEP.match(line):
        return Part("step", _worded(line[step.end() :], spoken), step[1])
    return Part("text", _worded(line, spoken))


def _worded(text: str, spoken: str) -> str:
    """Put in what the window calls its own commands, so that the guide always says what stands there."""

    def words(found: re.Match[str]) -> str:
        return _MENU_MARK.sub("", language.sentence(found[1], spoken)).rstrip(" …")

    return _CODE.sub(words, text)

"""Both languages say everything, with the same placeholders."""

from __future__ import annotations

import ast
import re
import string
import tomllib
from pathlib import Path

import pytest

from ecoperf_desktop import language

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "resources" / "languages"
ROOMS = sorted(path.name for path in (FOLDER / "en").glob("*.toml"))


def entries(tongue: str, room: str) -> dict[str, object]:
    return tomllib.loads((FOLDER / tongue / room).read_text(encoding="utf-8"))


def placeholders(entry: object) -> set[str]:
    texts = list(entry.values()) if isinstance(entry, dict) else [entry]
    return {name for text in texts for _, name, _, _ in string.Formatter().parse(str(text)) if name is not None}


def test_both_languages_have_the_same_rooms() -> None:
    assert sorted(path.name for path in (FOLDER / "zh").glob("*.toml")) == ROOMS


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_the_same_things_in_both_languages(room: str) -> None:
    english, chinese = entries("en", room), entries("zh", room)
    assert english.keys() == chinese.keys()
    for key, entry in english.items():
        assert placeholders(entry) - {"n"} == placeholders(chinese[key]) - {"n"}, key


@pytest.mark.parametrize("room", ROOMS)
def test_nothing_is_left_untranslated(room: str) -> None:
    """A Chinese entry holds Chinese, unless it is the same sign, name or code in both."""
    english, chinese = entries("en", room), entries("zh", room)
    for key, entry in chinese.items():
        text = " ".join(map(str, entry.values())) if isinstance(entry, dict) else str(entry)
        bare = re.sub(r"\{[^}]*\}", "", text)
        assert re.search(r"[\u4e00-\u9fff]", bare) or entry == english[key] or not re.search(r"[a-z]{4,}", bare), (room, key)


def test_every_code_that_the_program_names_has_a_sentence() -> None:
    """Literal codes of the form ``room.key`` in our sources exist in both languages."""
    rooms = {Path(name).stem for name in ROOMS}
    said = {(tongue, room): entries(tongue, f"{room}.toml") for tongue in language.LANGUAGES for room in rooms}
    for path in sorted((ROOT / "ecoperf_desktop").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            match = re.fullmatch(r"([a-z]+)\.([a-z0-9_]*[a-z0-9])", node.value)  # a trailing _ begins a made-up code
            if match and match[1] in rooms and match[2] not in {"toml", "py", "csv", "json", "db"}:
                for tongue in language.LANGUAGES:
                    assert match[2] in said[tongue, match[1]] or _is_other(node.value), f"{path.name}: {node.value} ({tongue})"


def _is_other(text: str) -> bool:
    """Return whether a literal only looks like a code: an entry of a metric view, say."""
    from ecoperf_desktop.store.measures import measures

    return text in measures()


def test_a_sentence_with_forms_follows_the_number() -> None:
    assert language.sentence("cli.rows_behind", "en", n=1) == "1 row behind it"
    assert language.sentence("cli.rows_behind", "en", n=3) == "3 rows behind it"
    assert language.sentence("cli.rows_behind", "zh", n=1) == "来源共 1 行"


def test_an_unknown_code_shows_and_never_raises() -> None:
    assert language.sentence("nowhere.nothing") == "nowhere.nothing"


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_one_flat_list_so_that_a_sentence_added_at_its_end_is_found(room: str) -> None:
    for tongue in language.LANGUAGES:
        assert not re.search(r"^\s*\[", (FOLDER / tongue / room).read_text(encoding="utf-8"), re.MULTILINE), (tongue, room)

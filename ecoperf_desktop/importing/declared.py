"""What a descriptor declares, asked for key by key; whatever is wrong names the file and the key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from ecoperf_desktop.errors import MappingError
from ecoperf_desktop.importing.pattern import PatternRefused, compiled

Tree: TypeAlias = dict[str, Any]


class Place:
    """The file that is being read, for messages."""

    def __init__(self, file: str) -> None:
        self.file = file

    def wrong(self, key: str, code: str, **details: object) -> MappingError:
        return MappingError(f"importing.{code}", file=self.file, key=key.strip("."), **details)

    def known_keys(self, section: Mapping[str, object], known: Iterable[str], key: str) -> None:
        allowed = set(known)
        for name in section:
            if name not in allowed:
                raise self.wrong(f"{key}.{name}", "mapping_unknown_key", known=", ".join(sorted(allowed)))

    def table(self, section: Tree, name: str, *, needed: bool = False) -> Tree:
        value = section.get(name)
        if value is None:
            if needed:
                raise self.wrong(name, "mapping_missing")
            return {}
        if not isinstance(value, dict):
            raise self.wrong(name, "mapping_kind", expected=f"[{name}]")
        return value

    def tables(self, section: Tree, name: str) -> list[Tree]:
        value = section.get(name, [])
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise self.wrong(name, "mapping_kind", expected=f"[[{name}]]")
        return value

    def text(self, section: Tree, name: str, key: str, *, needed: bool = False) -> str:
        value = section.get(name)
        if value is None:
            if needed:
                raise self.wrong(f"{key}.{name}", "mapping_missing")
            return ""
        if not isinstance(value, str):
            raise self.wrong(f"{key}.{name}", "mapping_kind", expected='"…"')
        if needed and not value:
            raise self.wrong(f"{key}.{name}", "mapping_missing")
        return value

    def text_list(self, section: Tree, name: str, key: str) -> tuple[str, ...]:
        """Return a list of texts; a single text stands for a list of one."""
        value = section.get(name)
        if value is None:
            return ()
        if isinstance(value, str):
            return (value,)
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise self.wrong(f"{key}.{name}", "mapping_kind", expected='["…", "…"]')
        return tuple(value)

    def boolean(self, section: Tree, name: str, key: str, default: bool) -> bool:
        value = section.get(name, default)
        if not isinstance(value, bool):
            raise self.wrong(f"{key}.{name}", "mapping_kind", expected="true, false")
        return value

    def choice(self, section: Tree, name: str, key: str, known: tuple[str, ...], default: str | None) -> str:
        """Return one of ``known``; without ``default`` the key is needed."""
        value = section.get(name, default)
        if value is None:
            raise self.wrong(f"{key}.{name}", "mapping_missing")
        if value not in known:
            raise self.wrong(f"{key}.{name}", "mapping_choice", value=value, known=", ".join(known))
        return str(value)

    def words(self, section: Tree, name: str, key: str) -> dict[str, str]:
        """Return words by language."""
        value = section.get(name)
        if not isinstance(value, dict) or not all(isinstance(word, str) for word in value.values()):
            raise self.wrong(f"{key}.{name}", "mapping_kind", expected="{ en = …, zh = … }")
        return value

    def regex(self, section: Tree, name: str, key: str) -> re.Pattern[str] | None:
        value = self.text(section, name, key)
        return self.compile(value, f"{key}.{name}") if value else None

    def compile(self, pattern: str, key: str, *, ignore_case: bool = False) -> re.Pattern[str]:
        try:
            return compiled(pattern, ignore_case)
        except PatternRefused as problem:
            raise self.wrong(key, f"mapping_{problem.reason}", problem=problem.detail) from None

"""The JSON schema that editors complete with says the same as the code that reads descriptors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ecoperf_desktop import paths
from ecoperf_desktop.importing import descriptor, expression, shelf
from ecoperf_desktop.store.tables import TABLES

SCHEMA: dict[str, Any] = json.loads((paths.resources() / "formats" / "format.schema.json").read_text(encoding="utf-8"))


def test_the_schema_knows_every_section_type_and_table() -> None:
    sections = SCHEMA["properties"]
    assert set(sections) == set(descriptor._SECTIONS)
    column = sections["column"]["items"]["properties"]
    assert set(column) == set(descriptor._Reader._COLUMN_KEYS)
    assert set(column["type"]["enum"]) == set(descriptor.CELL_TYPES)
    assert set(sections["read"]["properties"]) == set(descriptor.Reading.__dataclass_fields__)
    assert set(sections["emit"]["items"]["properties"]["into"]["enum"]) == set(TABLES)


def test_the_schema_knows_every_operator() -> None:
    operators = {entry["required"][0] for entry in SCHEMA["$defs"]["expression"]["anyOf"] if "required" in entry}
    assert operators == set(expression._READERS)
    assert set(SCHEMA["$defs"]["condition"]["properties"]) == set(expression._CONDITIONS)


@pytest.mark.parametrize("form", shelf.shipped(), ids=lambda form: form.id)
def test_shipped_descriptors_use_only_keys_of_the_schema(form: descriptor.Format) -> None:
    tree = descriptor._parsed(form.path)
    for name, section in tree.items():
        declared = SCHEMA["properties"][name]
        for part in section if isinstance(section, list) else [section]:
            known = declared["items"]["properties"] if isinstance(section, list) else declared.get("properties", {})
            if declared.get("items", declared).get("additionalProperties") is False:
                assert set(part) <= set(known), name

"""Ten thousand ways to write the same exports: each gives the same rows, or says why not."""

from __future__ import annotations

import os
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from variants import grid, outcome, silent_differences, variant

from ecoperf_desktop import paths
from ecoperf_desktop.importing.descriptor import Example, Format
from ecoperf_desktop.importing.detect import Detector
from ecoperf_desktop.importing.shelf import shipped

VARIANTS = 10_000 if os.environ.get("CI") else 2_500  # the machine that takes changes in has the time
FORMATS = [form for form in shipped() if form.path.is_relative_to(paths.resources())]
EXAMPLES = [(form, number, example) for form in FORMATS for number, example in enumerate(form.examples, start=1)]
EACH = -(-VARIANTS // max(len(EXAMPLES) - 15, 1))


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(shipped())


@pytest.mark.parametrize(("form", "number", "example"), EXAMPLES, ids=[f"{form.id}-{number}" for form, number, _ in EXAMPLES])
def test_no_variant_gives_other_rows_in_silence(tmp_path: Path, form: Format, number: int, example: Example, detector: Detector) -> None:
    one = grid(form, example, tmp_path, detector)
    if one is None:
        pytest.skip("a document or a file without a header has no columns to vary")
    chance = random.Random(f"{form.id} {number}")
    with ThreadPoolExecutor(1) as pool:
        unchanged = one.written()
        assert unchanged is not None
        (tmp_path / example.name).write_bytes(unchanged)
        before = outcome(tmp_path / example.name, example, form.platform, detector, pool)
        assert before.refusal is None
        wrong, tried, read = [], 0, 0
        while tried < EACH:
            changed = variant(one, chance)
            content = changed.written()
            if content is None:
                continue  # its characters do not exist in that encoding
            tried += 1
            (tmp_path / example.name).write_bytes(content)
            after = outcome(tmp_path / example.name, example, form.platform, detector, pool)
            read += after.refusal is None
            found = silent_differences(before, after, changed)
            if found:
                wrong.append(f"{' + '.join(changed.said)}: {'; '.join(found[:3])}")
    assert not wrong, "\n".join([f"{len(wrong)} of {EACH}", *wrong[:12]])
    assert read, f"none of {EACH} was read at all"


def test_there_are_as_many_as_promised() -> None:
    assert sum(EACH for form, _, example in EXAMPLES if form.read.layout == "table" and form.read.header != "none") >= VARIANTS

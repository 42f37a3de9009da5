"""Typed columns: how rows travel from the importer to the store, a column at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Int64: TypeAlias = "NDArray[np.int64]"
Bool: TypeAlias = "NDArray[np.bool_]"


@dataclass(frozen=True)
class Numbers:
    """Whole numbers: counts, minor units, days, seconds.  ``missing`` is None when every value is known."""

    values: Int64
    missing: Bool | None = None

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Reals:
    """Floating numbers, for measures that vendors give as fractions."""

    values: NDArray[np.float64]
    missing: Bool | None = None

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Coded:
    """Text, each distinct value once: ``codes`` index ``words``; -1 is missing."""

    codes: NDArray[np.int32]
    words: Sequence[str]

    def __len__(self) -> int:
        return len(self.codes)


Column: TypeAlias = Numbers | Reals | Coded


@dataclass(frozen=True)
class Asserted:
    """Rows that one import asserts about one table.

    ``columns`` holds only the fields that the file speaks about: a field that is
    not here is not asserted, and a missing value in a field that is here asserts
    "empty".  ``records`` gives each row's record number in the file, from 1.
    All columns and ``records`` have one length.
    """

    table: str
    columns: dict[str, Column]
    records: Int64

    def __len__(self) -> int:
        return len(self.records)

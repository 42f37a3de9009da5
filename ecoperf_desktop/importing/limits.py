"""How much of a file is read at most: every limit in one place, each named in the message of its refusal."""

from __future__ import annotations

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

# ---- files
TEXT_FILE = 4 * GIB
TEXT_FILE_ASKED = 500 * MIB  # above this the window asks and the command line wants --set large=yes
WORKBOOK_PACKED = 100 * MIB
WORKBOOK_UNPACKED = 1 * GIB
WORKBOOK_CELLS = 20_000_000
WORKBOOK_SPARSENESS = 50  # bounding box over cells present
JSON_FILE = 200 * MIB
JSON_DEPTH = 64
HTML_FILE = 50 * MIB

# ---- archives
ZIP_PACKED = 500 * MIB
ZIP_UNPACKED = 4 * GIB
ZIP_RATIO = 100
ZIP_RATIO_FREE = 1 * MIB  # the ratio is looked at beyond this much of a member
ZIP_MEMBERS = 1_000
ZIP_DEPTH = 1
SHEETS = 200

# ---- tables
COLUMNS = 2_000  # which is SQLite's own
COLUMNS_WARNED = 100
COLUMN_NAME = 200  # characters
CELL = 32_767  # characters, which is Excel's own maximum
RECORD = 2 * MIB
RECORDS = 10_000_000
RECORDS_ASKED = 2_000_000
MENDED = 32 * KIB  # a record with a stray quote, up to which its first line alone is rejected
MENDED_IN_ALL = 32 * MIB  # of a file: what a stray quote swallowed has to be looked at again
SWALLOWED = 20  # lines behind a quote that is never closed, up to which only they are rejected
REJECTED_LISTED = 1_000  # all are counted

# ---- how much is looked at before anything is decided
HEAD = 256 * KIB
HEADER_ROWS = 40

# ---- the block that is worked on at once, and the records of one block of kept raw text
BLOCK = 8 * MIB
RAW_RECORDS = 1_000

# ---- numbers
MONEY_MINOR = 10**15

# ---- the process that reads workbooks
CHILD_MEMORY = 1536 * MIB
CHILD_SECONDS = 60.0
CHILD_SECONDS_PER_100_MIB = 60.0


def shown(size: int) -> str:
    """Return a size as people read it, such as ``500 MB``."""
    for unit, name in ((GIB, "GB"), (MIB, "MB"), (KIB, "kB")):
        if size >= unit:
            return f"{size / unit:.4g} {name}"
    return f"{size} B"

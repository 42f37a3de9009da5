"""The program's command line for tests that break it: reads shorter texts apart, and says when its work begins.

    python fault_command.py READ_APART_FROM MARK ARGUMENT…

READ_APART_FROM is the size in bytes from which a text is read by a process of its own (0: as shipped).  MARK is a file that is
made once everything is loaded that the command needs, right before it begins (-: none).
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> int:
    threshold, mark, *arguments = sys.argv[1:]
    from ecoperf_desktop import __main__ as program
    from ecoperf_desktop import actions, cli  # noqa: F401
    from ecoperf_desktop.importing import apart, plan  # noqa: F401
    from ecoperf_desktop.metrics import evaluate  # noqa: F401
    from ecoperf_desktop.store import backup, ledger, load  # noqa: F401

    if int(threshold):
        apart.WORTH_IT = int(threshold)
    if mark != "-":
        Path(mark).touch()
    return program.main(arguments)


if __name__ == "__main__":
    sys.exit(main())

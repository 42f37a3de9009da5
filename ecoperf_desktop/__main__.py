"""No arguments: the window; otherwise the command line."""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    # The frozen program is its own child for reading workbooks and long texts; nothing else is imported there.
    if arguments[:1] == ["--read-workbook"]:
        from ecoperf_desktop.importing.workbook_child import main as read_workbook

        return read_workbook()
    if arguments[:1] == ["--read-text"]:
        from ecoperf_desktop.importing.apart_child import main as read_text

        return read_text()
    if arguments[:1] == ["--self-test"]:
        from ecoperf_desktop.ui.self_test import run

        return run()
    from ecoperf_desktop import cli

    return cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main())

"""Run thousands of random sequences of steps against the plain model of a workspace.

    ./run python tests/reliability/sequences.py --count 5000 --jobs 2
    ./run python tests/reliability/sequences.py --count 500 --seed 7 --steps 20

Prints a table of what was done.  A sequence that goes wrong is made as short as it can be and printed as a script of
steps, with the seed that gives it again; the exit code is then 1.  With ``--quick`` it is printed as it was met.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import tempfile
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from multiprocessing import get_context
from pathlib import Path

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import workspace_machine as machine

# Steps between two of which everything is compared that a workspace says.
_DONE = tuple[Counter[str], float, str]


def run(count: int, steps: int, begin: int, quick: bool) -> _DONE:
    """Run ``count`` sequences; return the steps done, the processor time, and what went wrong, if anything did."""
    machine.DONE.clear()
    used = time.process_time()
    told = io.StringIO()
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(told):
        os.environ["ECOPERF_DATA"] = folder
        try:
            run_state_machine_as_test(
                seed(begin)(machine.WorkspaceMachine),
                settings=settings(
                    max_examples=count, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck), database=None,
                    phases=[Phase.generate] if quick else [Phase.generate, Phase.shrink], print_blob=False, report_multiple_bugs=False,
                ),
            )  # fmt: skip
        except Exception:
            return Counter(machine.DONE), time.process_time() - used, f"seed {begin}\n{told.getvalue()}{traceback.format_exc(limit=-5)}"
    return Counter(machine.DONE), time.process_time() - used, ""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--count", type=int, default=5000, metavar="N", help="sequences (5000)")
    parser.add_argument("--steps", type=int, default=12, metavar="N", help="steps of a sequence at most (12)")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes")
    parser.add_argument("--quick", action="store_true", help="do not shorten what goes wrong")
    asked = parser.parse_args(arguments)
    begun = time.monotonic()
    share = -(-asked.count // asked.jobs)
    with ProcessPoolExecutor(asked.jobs, mp_context=get_context("spawn")) as pool:
        parts = [pool.submit(run, share, asked.steps, asked.seed + number, asked.quick) for number in range(asked.jobs)]
        done = [part.result() for part in parts]
    steps: Counter[str] = Counter()
    for counted, _, _ in done:
        steps += counted
    wrong = [problem for _, _, problem in done if problem]
    sequences = steps.pop("begin", 0)
    print(f"{'step':<36}{'times':>8}")
    for name, times in sorted(steps.items()):
        print(f"{name.replace('_', ' '):<36}{times:>8}")
    print(f"{'steps':<36}{sum(steps.values()):>8}\n{'sequences':<36}{sequences:>8}\n{'gone wrong':<36}{len(wrong):>8}")
    print(f"{'processor':<36}{sum(used for _, used, _ in done):>6.0f} s\n{'time':<36}{time.monotonic() - begun:>6.0f} s")
    print(*wrong, sep="\n\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
"""Counts a meson test run: prints "passed failed skipped" from its testlog.json.

SPDX-License-Identifier: GPL-3.0-or-later

A TAP program counts each of its subtests; a program that failed, crashed or timed out counts as at least one failure, whatever its
subtests said.
"""
import json
import re
import sys

TAP = re.compile(r"^(not )?ok\b[^#]*(?:#\s*(\w+))?")


def count(run):
    """(passed, failed, skipped) of one test program."""
    result = run["result"]
    points = [TAP.match(line) for line in (run.get("stdout") or "").splitlines()]
    points = [p for p in points if p]
    if not points:
        return (0, 0, 1) if result == "SKIP" else (1, 0, 0) if result in ("OK", "EXPECTEDFAIL") else (0, 1, 0)
    skipped = sum((p.group(2) or "").upper().startswith("SKIP") for p in points)
    failed = sum(bool(p.group(1)) and (p.group(2) or "").upper() != "TODO" for p in points)
    passed = len(points) - skipped - failed
    if result not in ("OK", "SKIP", "EXPECTEDFAIL") and failed == 0:
        failed = 1
    return passed, failed, skipped


def main():
    with open(sys.argv[1], encoding="utf-8", errors="replace") as log:
        totals = [sum(column) for column in zip(*(count(json.loads(line)) for line in log if line.strip()))]
    if not totals or sum(totals) == 0:
        sys.exit("no test ran")
    print(*totals)


if __name__ == "__main__":
    main()

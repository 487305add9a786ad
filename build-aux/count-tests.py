#!/usr/bin/env python3
"""Counts a meson test run: prints "passed failed skipped" from its JUnit file.

SPDX-License-Identifier: GPL-3.0-or-later

TAP programs count each of their subtests; a program that crashed or timed out counts as at least one failure.
"""
import sys
import xml.etree.ElementTree as tree


def main():
    passed = failed = skipped = 0
    for suite in tree.parse(sys.argv[1]).getroot().iter("testsuite"):
        for case in suite.iter("testcase"):
            kinds = {child.tag for child in case}
            if kinds & {"failure", "error"}:
                failed += 1
            elif "skipped" in kinds:
                skipped += 1
            else:
                passed += 1
        # A program that died between two subtests has an <error> of its own.
        if int(suite.get("failures", 0)) + int(suite.get("errors", 0)) == 0:
            continue
        if not any(child.tag in ("failure", "error") for case in suite.iter("testcase") for child in case):
            failed += 1
    if passed + failed + skipped == 0:
        sys.exit("no test ran")
    print(passed, failed, skipped)


if __name__ == "__main__":
    main()

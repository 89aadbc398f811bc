#!/usr/bin/env python3
"""Runs the tests of a platform, all of them but for those that docs/platforms.md names:

    run.py PLATFORM HERE THERE

HERE and THERE list the programs of the tests for this machine and for that platform, as lines of a
suite and a path. What the tests say goes into files beside THERE. COS_TEST_RUN in the environment is what runs a program of that platform.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
import time

PAGE = "docs/platforms.md"
# So long one program may take, in seconds; what hangs is a failure.
LIMIT = 1800 * int(os.environ["COS_TEST_SLOWNESS"])


def main():
    platform, here, there = sys.argv[1], suites(sys.argv[2]), suites(sys.argv[3])
    runner = shlex.split(os.environ["COS_TEST_RUN"])
    if platform.startswith("windows"):
        # A program within Wine starts others by itself.
        os.environ["COS_TEST_RUN"] = ""
    rows = excluded_rows(platform)
    failed = False
    for suite, paths in there.items():
        began = time.monotonic()
        expected = set().union(*(list_tests([path]) for path in here[suite]))
        left_out = excluded(suite, expected, rows)
        found, passed = set(), 0
        for path in paths:
            names = list_tests([*runner, path])
            found |= names
            log = f"{os.path.dirname(sys.argv[3])}/{os.path.basename(path).split('-')[0]}.log"
            passed += run([*runner, path], names & left_out, log)
        missing = expected - found - left_out
        for name in sorted(missing):
            print(f"{platform}: {suite} {name} is not there, and {PAGE} does not name it")
        complete = passed == len(found - left_out) and not missing
        failed |= not complete
        took = time.monotonic() - began
        print(
            f"{platform}: {suite}: {passed} passed, {len(found - left_out) - passed} failed,"
            f" {len(left_out)} left out, {took:.0f} s",
            flush=True,
        )
    sys.exit(failed)


def suites(file):
    """The programs of each suite."""
    found = {}
    for line in open(file):
        suite, path = line.split()
        found.setdefault(suite, []).append(path)
    return found


def excluded_rows(platform):
    """Suite and beginning of the name of what can't be tried on that platform."""
    rows = []
    for line in open(PAGE):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 4 and platform in re.split(r",\s*", cells[2]):
            rows += [(cells[0], name) for name in re.findall(r"`([^`]*)`", cells[1])]
    return rows


def excluded(suite, expected, rows):
    """The tests that these rows name: each row has to name some."""
    names = set()
    for of, beginning in rows:
        if of == suite:
            named = {name for name in expected if name.startswith(beginning)}
            if not named:
                sys.exit(f"{PAGE} leaves out {suite} {beginning}, and there is no such test")
            names |= named
    return names


def list_tests(program):
    listing = subprocess.run(
        [*program, "--list", "--format", "terse"], stdout=subprocess.PIPE, check=True, text=True
    )
    return set(re.findall(r"^(.*): test\r?$", listing.stdout, re.MULTILINE))


def run(program, left_out, log):
    """How many of its tests passed. If others did not, what it says is printed."""
    command = [*program, "--exact"]
    for name in sorted(left_out):
        command += ["--skip", name]
    # Most of the tests wait for something most of the time.
    command += ["--test-threads", os.environ.get("RUST_TEST_THREADS", "4")]
    with open(log, "wb") as output:
        child = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
        try:
            child.wait(LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            print(f"{program[-1]} does not end")
        child.wait()
    said = open(log, encoding="utf-8", errors="replace").read()
    if child.returncode != 0:
        print(said)
    result = re.search(r"test result: .*?(\d+) passed", said)
    return int(result[1]) if result else 0


if __name__ == "__main__":
    main()

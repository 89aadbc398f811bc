#!/usr/bin/env python3
"""Measures libcos beside a hand-written libcurl program, in turns, against a local server.

    LIB=build/lib OUT=build/bench [ROWS='v5-stat *-parts-*'] [REPEAT=5] [DIR=/scratch] benches/run.py

DIR is for the files that are sent, 3 GiB; a memory file system by default. A run of all rows
writes the table in benches/README.md.
"""

import ctypes
import fnmatch
import functools
import hashlib
import json
import os
import platform
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30
ROOM = 3 * GIB
LATE = 0.02  # seconds by which the answers of some rows are late
TREE = 10_000  # files
TREE_WORKERS = 32
EVEN = 0.5  # MiB by which the peaks of a small and a large file may differ


@dataclass
class Row:
    name: str
    what: str
    job: str
    count: int = 1
    workers: int = 1
    sum: bool = True  # whether content is verified
    size: int = 0  # of the content
    place: str = ""  # how the sink answers besides, as its path says
    tls: bool = False
    sparse: bool = False
    one_cpu: bool = False
    repeat: int = 5
    calls: tuple = ()  # two counts; by the difference of both, instructions are counted
    goals: dict = field(default_factory=dict)  # the most that is allowed
    other: str = ""  # why libcos sends another number of requests by design

    @property
    def api(self):
        return self.name[:2]


def rows():
    small = {"one_cpu": True, "repeat": 9}
    late = f"/latency-{LATE * 1000:.0f}"
    asks = "asks for unfinished uploads of the file first"
    looks = "lists what is there first"
    tree_goal = {"seconds": 1.15 * TREE * LATE / TREE_WORKERS}

    def once_late(count):
        return {"seconds": 1.1 * count * LATE}

    def parts(cpu, workers):
        return {"cpu": cpu, "rss": 8} | ({"wall": 0.95} if workers == 4 else {})

    yield Row("v4-stat", "2000 stats", "stat", 2000, **small, calls=(50, 250), goals={"cpu": 0.6})
    yield Row("v5-stat", "1000 stats: HEAD and ACL", "stat", 1000, **small, calls=(50, 250),
              goals={"cpu": 0.6})
    for api in "v4", "v5":
        yield Row(f"{api}-upload-64", "500 uploads of 64 B", "upload", 500, size=64, **small,
                  calls=(50, 250), goals={"cpu": 0.6})
    for api, cpu in ("v4", 1.3), ("v5", 0.7):
        yield Row(f"{api}-download-64", "500 downloads of 64 B", "download", 500, size=64, **small,
                  calls=(50, 250), goals={"cpu": cpu})
    for api in "v4", "v5":
        yield Row(f"{api}-late-download-64", "50 downloads of 64 B, answers 20 ms late", "download",
                  50, size=64, place=late, repeat=3, goals=once_late(50))
    yield Row("v4-list", "100 lists of 199 entries, every name read", "list", 100, **small,
              calls=(10, 30), goals={"cpu": 0.7})
    yield Row("v5-list", "50 lists of 1000 entries, every name read", "list", 50, **small,
              calls=(5, 15), goals={"cpu": 1.0})
    for api, cpu in ("v4", 0.85), ("v5", 0.9):
        yield Row(f"{api}-upload-7m", "20 uploads of 7 MiB", "upload", 20, size=7 * MIB, repeat=9,
                  goals={"cpu": cpu})
    for workers in 1, 4:
        yield Row(f"v4-slices-{workers}", f"1 GiB in slices, not verified, {workers} workers",
                  "upload", size=GIB, workers=workers, sum=False, goals=parts(0.8, workers))
    for workers in 1, 4:
        yield Row(f"v4-slices-sha-{workers}", f"1 GiB in slices, {workers} workers", "upload",
                  size=GIB, workers=workers, goals=parts(0.95, workers))
    for workers in 1, 4:
        yield Row(f"v5-parts-{workers}", f"1 GiB in parts, {workers} workers", "upload", size=GIB,
                  workers=workers, goals=parts(0.9, workers), other=asks)
    for api, cpu in ("v4", 1.0), ("v5", 0.9):
        for workers in 1, 4:
            yield Row(f"{api}-download-{workers}", f"1 GiB download, {workers} workers", "download",
                      size=GIB, workers=workers, goals={"cpu": cpu, "rss": 8})
    yield Row("v4-late-slices-4", "256 MiB in slices, 4 workers, answers 20 ms late", "upload",
              size=256 * MIB, workers=4, sum=False, place=late, repeat=3,
              goals={"cpu": 1.0, "wall": 1.0})
    yield Row("v4-broken-slices-4", "1 GiB in slices, 4 workers, 1 % of requests broken", "upload",
              size=GIB, workers=4, place="/broken-100", repeat=3,
              other="sends again what is missing, and looks what took effect")
    yield Row("v5-broken-download-64", "500 downloads of 64 B, 1 % of requests broken", "download",
              500, size=64, place="/broken-100", repeat=3, other="sends again what is missing")
    for api in "v4", "v5":
        up, down = {"cpu": 0.7, "wall": 1.0}, {"cpu": 0.9, "wall": 1.0}
        name, what = ("slices", "slices") if api == "v4" else ("parts", "parts")
        other = {"other": asks} if api == "v5" else {}
        yield Row(f"{api}-tls-upload-7m", "20 uploads of 7 MiB over TLS", "upload", 20,
                  size=7 * MIB, tls=True, goals=up)
        yield Row(f"{api}-tls-{name}-4", f"256 MiB in {what} over TLS, 4 workers", "upload",
                  size=256 * MIB, workers=4, sum=api == "v5", tls=True, goals=up, **other)
        for workers in 1, 4:
            yield Row(f"{api}-tls-download-{workers}", f"256 MiB download over TLS, {workers} workers",
                      "download", size=256 * MIB, workers=workers, tls=True, goals=down)
    for api in "v4", "v5":
        yield Row(f"{api}-tree-up", f"{TREE} files of 4 KiB up, {TREE_WORKERS} workers, 20 ms late",
                  "upload-tree", size=4 * KIB, workers=TREE_WORKERS, place=f"{late}/tree-0",
                  repeat=3, goals=tree_goal, other=looks)
        yield Row(f"{api}-tree-down", f"{TREE} files of 4 KiB down, the same", "download-tree",
                  size=4 * KIB, workers=TREE_WORKERS, place=f"{late}/tree-{TREE}", repeat=3,
                  goals=tree_goal)
    for api, parts_of in ("v4", "slices"), ("v5", "parts"):
        for size, label in (64 * MIB, "64m"), (16 * GIB, "16g"):
            yield Row(f"{api}-memory-{label}", f"{size // MIB} MiB in {parts_of}, 4 workers", "upload",
                      size=size, workers=4, sparse=True, repeat=1, goals={"rss": 8},
                      other=asks if api == "v5" else "")


class Bench:
    def __init__(self, lib, out, directory):
        self.lib, self.out, self.directory = lib, out, directory
        cpus = sorted(os.sched_getaffinity(0))
        half = max(1, len(cpus) // 2)
        self.client_cpus, self.server_cpus = cpus[:half], cpus[half:] or cpus
        self.servers = []

    def build(self):
        self.out.mkdir(parents=True, exist_ok=True)
        by_hand = HERE / "with-curl"
        # Where the system has no package of it: see install-tools.sh.
        yyjson = self.out / "yyjson"
        has_own = (yyjson / "yyjson.c").exists()
        programs = {
            "measure": [HERE / "measure.c"],
            "sink": [HERE / "sink.c", "-pthread"],
            "with-cos": [HERE / "with-cos.c", f"-I{HERE.parent / 'include'}", f"-L{self.lib}",
                         "-lcos", f"-Wl,-rpath,{self.lib.resolve()}"],
            "with-curl": [*sorted(by_hand.glob("*.c")),
                          *([f"-I{yyjson}", yyjson / "yyjson.c"] if has_own else ["-lyyjson"]),
                          "-lcurl", "-lcrypto", "-lexpat", "-pthread"],
            "crc64.so": [by_hand / "crc64.c", "-shared", "-fPIC"],
        }
        for name, arguments in programs.items():
            command = [*os.environ.get("CC", "cc").split(), "-O2", "-Wall", "-Wextra", "-o",
                       self.out / name, *arguments]
            subprocess.run(list(map(str, command)), check=True)
        self.crc64 = ctypes.CDLL(str((self.out / "crc64.so").resolve())).crc64
        self.crc64.restype = ctypes.c_uint64
        self.crc64.argtypes = [ctypes.c_uint64, ctypes.c_char_p, ctypes.c_size_t]

    def file(self, size, sparse=False):
        """The first `size` bytes of the content; zeros that take no room if `sparse`."""
        path = self.directory / f"{'sparse' if sparse else 'file'}-{size}"
        if path.exists():
            return path
        with path.open("wb") as out:
            if sparse:
                out.truncate(size)
            elif size == GIB:
                for _ in range(GIB // MIB):
                    out.write(os.urandom(MIB))
            else:
                with self.file(GIB).open("rb") as content:
                    out.write(content.read(size))
        return path

    def tree(self, size):
        """A directory of files that have the same content."""
        path = self.directory / "tree"
        if not path.exists():
            path.mkdir()
            content = self.file(size).read_bytes()
            for i in range(TREE):
                (path / f"report-{i:05}.txt").write_bytes(content)
        return path

    def place(self, row):
        """The path that makes the sink answer as the row wants it, with the sums of the content."""
        path = f"{row.place}/docs"
        if row.size:
            sha, crc = self.sums(row.size, row.sparse)
            path = f"{row.place}/size-{row.size}/crc-{crc}"
            if row.sum:
                path += f"/sha-{sha}"
        return path + ("/" if row.job in ("list", "upload-tree", "download-tree") else "/report.txt")

    @functools.cache
    def sums(self, size, sparse):
        sha, crc = hashlib.sha1(), 0
        with self.file(size, sparse).open("rb") as content:
            while chunk := content.read(MIB):
                # No answer states the SHA-1 of what is uploaded.
                if not sparse:
                    sha.update(chunk)
                crc = self.crc64(crc, chunk, len(chunk))
        return sha.hexdigest(), crc

    def start(self):
        command = [str(self.out / "sink"), str(self.file(GIB))]
        sink = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.servers.append(sink)
        self.port = int(sink.stdout.readline())

    def start_tls(self):
        subprocess.run(
            [HERE / "make-ca.sh", self.directory], check=True, stderr=subprocess.DEVNULL)
        self.tls_port, self.status_port = free_port(), free_port()
        config = (HERE / "nginx.conf").read_text()
        for name, value in [("DIR", self.directory), ("SINK_PORT", self.port),
                            ("TLS_PORT", self.tls_port), ("STATUS_PORT", self.status_port)]:
            config = config.replace(f"@{name}@", str(value))
        (self.directory / "nginx.conf").write_text(config)
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        self.servers.append(subprocess.Popen(
            [nginx, "-p", self.directory, "-e", "stderr", "-c", self.directory / "nginx.conf"]))
        for _ in range(100):
            try:
                return self.tls_connections()
            except OSError:
                time.sleep(0.05)
        raise SystemExit("nginx does not start")

    def tls_connections(self):
        """What nginx has accepted so far; asking costs one more."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.status_port}/") as reply:
            return int(re.search(r"\n\s*(\d+)", reply.read().decode())[1])

    def counters(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/counters") as reply:
            return json.load(reply)

    def pin_servers(self, cpus):
        for server in self.servers:
            for thread in os.listdir(f"/proc/{server.pid}/task"):
                try:
                    os.sched_setaffinity(int(thread), cpus)
                except ProcessLookupError:
                    pass  # it served a connection that is closed

    def local(self, row):
        """What is sent, or where what is fetched belongs; there is nothing yet."""
        if row.job == "upload":
            return self.file(row.size, row.sparse)
        if row.job == "upload-tree":
            return self.tree(row.size)
        found = self.directory / "found"
        if found.is_dir():
            shutil.rmtree(found)
        found.unlink(missing_ok=True)
        if row.job == "download-tree":
            found.mkdir()
        return found if row.job.startswith("download") else "-"

    def command(self, program, row, count, local):
        scheme, port, ca = "http", self.port, "-"
        if row.tls:
            scheme, port, ca = "https", self.tls_port, self.directory / "ca.pem"
        command = [self.out / program, row.api, scheme, f"127.0.0.1:{port}", ca, row.job, count,
                   row.workers, int(row.sum), self.place(row), local]
        return list(map(str, command))

    def measure(self, program, row, first):
        local = self.local(row)
        command = self.command(program, row, row.count, local)
        if row.tls:
            accepted = self.tls_connections()
        self.counters()
        cpus = self.client_cpus[:1] if row.one_cpu else self.client_cpus
        self.pin_servers(cpus if row.one_cpu else self.server_cpus)
        done = subprocess.run([str(self.out / "measure"), ",".join(map(str, cpus)), *command],
                              stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{program} failed at {row.name}")
        wall, user, system, rss = map(float, done.stdout.split())
        counters = self.counters()
        if row.tls:
            counters["connections"] = self.tls_connections() - accepted - 1
        if first and row.job == "download":
            self.check_file(local, row.size)
        if first and row.job == "download-tree":
            names = sorted(os.listdir(local))
            if names != sorted(os.listdir(self.tree(row.size))):
                raise SystemExit(f"{row.name}: other files arrived")
            for name in names[:: TREE // 100]:
                self.check_file(local / name, row.size)
        return {"wall": wall, "user": user, "sys": system, "cpu": user + system, "rss": rss / 1024,
                **counters}

    def check_file(self, found, size):
        with found.open("rb") as left, self.file(size).open("rb") as right:
            while chunk := right.read(MIB):
                if chunk != left.read(len(chunk)):
                    raise SystemExit("wrong bytes were downloaded")
            if left.read(1):
                raise SystemExit("too much was downloaded")

    def instructions(self, program, row):
        """How many a call takes, without those that are spent once."""
        counted = []
        for count in row.calls:
            found = self.out / f"callgrind.{program}"
            command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={found}",
                       *self.command(program, row, count, self.local(row))]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode != 0:
                raise SystemExit(f"{program} failed under valgrind at {row.name}:\n{done.stderr}")
            counted.append(int(re.search(r"^summary: (\d+)", found.read_text(), re.M)[1]))
        return (counted[1] - counted[0]) / (row.calls[1] - row.calls[0])

    def run(self, row, repeat):
        programs = "with-cos", "with-curl"
        pairs = [[self.measure(program, row, i == 0) for program in programs]
                 for i in range(repeat or row.repeat)]
        counted = [self.instructions(program, row) for program in programs] if row.calls else None
        return Result(row, pairs, counted)

    def stop(self):
        for server in self.servers:
            server.terminate()
            server.wait()


class Result:
    def __init__(self, row, pairs, instructions):
        self.row, self.instructions = row, instructions
        self.both = [{key: statistics.median(pair[i][key] for pair in pairs) for key in pairs[0][i]}
                     for i in (0, 1)]
        # Of each pair first: what disturbs the machine disturbs both halves of a pair.
        self.ratio = {key: statistics.median(cos[key] / max(curl[key], 1e-6) for cos, curl in pairs)
                      for key in ("wall", "cpu")}
        ratios = sorted(cos["cpu"] / max(curl["cpu"], 1e-6) for cos, curl in pairs)
        self.spread = (ratios[0], ratios[-1])

    def missed(self):
        cos, curl = self.both
        reached = {**self.ratio, "rss": cos["rss"], "seconds": cos["wall"]}
        missed = [f"{key} {reached[key]:.2f} > {most:.2f}" for key, most in self.row.goals.items()
                  if reached[key] > most]
        if cos["requests"] != curl["requests"] and not self.row.other:
            missed.append(f"{cos['requests']:.0f} requests instead of {curl['requests']:.0f}")
        if cos["connections"] > self.row.workers + 1 and "broken" not in self.row.name:
            missed.append(f"{cos['connections']:.0f} connections")
        return missed

    def counted(self):
        return " / ".join(f"{count / 1000:.0f}" for count in self.instructions or [])

    def cells(self):
        def pair(key, form):
            return " / ".join(format(one[key], form) for one in self.both)

        most = ", ".join(f"{WORDS[key]} {most:.{2 if key != 'rss' else 0}f}"
                         for key, most in self.row.goals.items())
        return [self.row.name, self.row.what, pair("wall", ".3f"), pair("cpu", ".3f"),
                f"{self.ratio['wall']:.2f}",
                f"**{self.ratio['cpu']:.2f}** ({self.spread[0]:.2f}-{self.spread[1]:.2f})",
                self.counted(), pair("rss", ".1f"), pair("connections", ".0f"), pair("requests", ".0f"),
                most, "" if not self.missed() else "missed"]


WORDS = {"cpu": "CPU", "wall": "wall", "rss": "MiB", "seconds": "s"}
HEAD = ["row", "what", "wall s", "CPU s", "wall ratio", "CPU ratio", "1000 instructions a call",
        "peak MiB", "connections", "requests", "at most", ""]


def table(results):
    lines = [HEAD, ["---"] * 2 + ["---:"] * (len(HEAD) - 2), *(r.cells() for r in results)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def uneven_memory(results):
    """The APIs whose peak depends on how large the file is."""
    peaks = {result.row.name: result.both[0]["rss"] for result in results}
    for api in "v4", "v5":
        small, large = (peaks.get(f"{api}-memory-{size}") for size in ("64m", "16g"))
        if small and large and large - small > EVEN:
            yield f"{api}: {small:.1f} MiB for 64 MiB, {large:.1f} MiB for 16 GiB"


def machine():
    cpuinfo = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", cpuinfo)
    curl = subprocess.run(["curl-config", "--version"], capture_output=True, text=True)
    openssl = subprocess.run(["openssl", "version"], capture_output=True, text=True)
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=HERE,
                            capture_output=True, text=True)
    return (f"commit {commit.stdout.strip()}, {len(os.sched_getaffinity(0))} CPUs "
            f"({model[1] if model else platform.machine()}), "
            f"Linux {platform.release()}, {curl.stdout.strip()}, "
            f"{' '.join(openssl.stdout.split()[:2])}")


def write_readme(text, command):
    path = HERE / "README.md"
    start, end = "<!-- results -->", "<!-- end of results -->"
    before, rest = path.read_text().split(start)
    after = rest.split(end)[1]
    path.write_text(f"{before}{start}\n\n`{command}`, {machine()}:\n\n{text}\n\n{end}{after}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def roomy_directory():
    given = os.environ.get("DIR")
    if given:
        return given
    memory = Path("/dev/shm")
    is_roomy = memory.is_dir() and shutil.disk_usage(memory).free > ROOM
    return memory if is_roomy else tempfile.gettempdir()


def main():
    patterns = os.environ.get("ROWS", "").replace(",", " ").split()
    repeat = int(os.environ.get("REPEAT") or 0)
    # So that neither servers nor gigabytes stay behind when `timeout` ends it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    directory = Path(tempfile.mkdtemp(prefix="cos-bench-", dir=roomy_directory()))
    bench = Bench(Path(os.environ.get("LIB", "build/lib")),
                  Path(os.environ.get("OUT", "build/bench")), directory)
    results = []
    try:
        bench.build()
        bench.start()
        every = list(rows())
        chosen = [row for row in every
                  if not patterns or any(fnmatch.fnmatch(row.name, p) for p in patterns)]
        if any(row.tls for row in chosen):
            bench.start_tls()
        for row in chosen:
            result = bench.run(row, repeat)
            results.append(result)
            print(f"{row.name:22} CPU {result.ratio['cpu']:.2f}  wall {result.ratio['wall']:.2f}  "
                  f"{result.counted()}  {'; '.join(result.missed())}", flush=True)
    finally:
        bench.stop()
        shutil.rmtree(directory, ignore_errors=True)
    text = table(results)
    print(f"\n{text}")
    for missed in uneven_memory(results):
        print(f"missed: {missed}")
    if len(results) == len(every):
        write_readme(text, "make bench" + (f" REPEAT={repeat}" if repeat else ""))


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Measures libcos beside a hand-written libcurl program, in turns, against a local server.

    LIB=build/lib OUT=build/bench [ROWS='stat slices-*'] [REPEAT=5] [DIR=/scratch] benches/run.py

DIR is for the files that are sent, 4 GiB; a memory file system by default. A run of all rows
writes the table in benches/README.md.
"""

import fnmatch
import hashlib
import json
import os
import platform
import re
import shutil
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
MIB = 1 << 20
GIB = 1 << 30
ROOM = 4 * GIB


@dataclass
class Row:
    name: str
    what: str
    job: str
    count: int = 1
    workers: int = 1
    sha: bool = False
    size: int = 0  # of the file that is sent
    path: str = "/docs/report.txt"
    tls: bool = False
    sparse: bool = False
    one_cpu: bool = False
    repeat: int = 5
    goals: dict = field(default_factory=dict)  # the most that is allowed


def rows(sha):
    few, par = {"cpu": 0.7}, {"cpu": 1.0}
    many = {"cpu": 1.0, "wall": 1.0, "rss": 14}
    big = f"/size-{GIB}/big.bin"
    stated = f"/size-{GIB}/sha-{sha(GIB)}/big.bin"
    tls = f"/size-{256 * MIB}/big.bin"
    return [
        Row("stat", "2000 stats", "stat", 2000, one_cpu=True, repeat=9, goals=few),
        Row("list", "500 lists of 199 entries", "list", 500, path="/docs/", one_cpu=True, repeat=9,
            goals=few),
        Row("list-names", "50 such lists, every name read", "list-names", 50, path="/docs/",
            one_cpu=True, goals=few),
        Row("upload-64", "500 uploads of 64 B", "upload", 500, sha=True, size=64, one_cpu=True,
            repeat=9, goals=few),
        Row("upload-7m", "20 uploads of 7 MiB", "upload", 20, sha=True, size=7 * MIB, repeat=9,
            goals=par),
        Row("slices-1", "1 GiB in slices, 1 worker", "upload", size=GIB, goals=par),
        Row("slices-4", "1 GiB in slices, 4 workers", "upload", size=GIB, workers=4, goals=many),
        Row("slices-sha-1", "1 GiB in slices with SHA-1, 1 worker", "upload", size=GIB, sha=True,
            goals=par),
        Row("slices-sha-4", "1 GiB in slices with SHA-1, 4 workers", "upload", size=GIB, sha=True,
            workers=4, goals=many),
        Row("download-1", "1 GiB download, 1 worker", "download", path=big, goals=par),
        Row("download-4", "1 GiB download, 4 workers", "download", workers=4, path=big, goals=many),
        Row("download-sha-4", "1 GiB download with SHA-1, 4 workers", "download", workers=4,
            sha=True, path=stated, goals=many),
        Row("latency-4", "256 MiB in slices, 4 workers, replies 20 ms late", "upload", workers=4,
            size=256 * MIB, path="/latency-20/a.bin", repeat=3, goals=many),
        Row("tls-upload-7m", "20 uploads of 7 MiB over TLS", "upload", 20, sha=True, size=7 * MIB,
            tls=True, goals=par),
        Row("tls-slices-4", "256 MiB in slices over TLS, 4 workers", "upload", size=256 * MIB,
            workers=4, tls=True, goals=many),
        Row("tls-download-4", "256 MiB download over TLS, 4 workers", "download", workers=4,
            path=tls, tls=True, goals=many),
        Row("memory-64m", "64 MiB in slices with SHA-1, 4 workers", "upload", size=64 * MIB,
            sha=True, workers=4, sparse=True, repeat=1, goals={"rss": 14}),
        Row("memory-1g", "1 GiB, the same", "upload", size=GIB, sha=True, workers=4, sparse=True,
            repeat=1, goals={"rss": 14}),
        Row("memory-4g", "4 GiB, the same", "upload", size=4 * GIB, sha=True, workers=4,
            sparse=True, repeat=1, goals={"rss": 14}),
    ]


class Bench:
    def __init__(self, lib, out, directory):
        self.lib, self.out, self.directory = lib, out, directory
        cpus = sorted(os.sched_getaffinity(0))
        half = max(1, len(cpus) // 2)
        self.client_cpus, self.server_cpus = cpus[:half], cpus[half:] or cpus
        self.servers = []

    def build(self):
        self.out.mkdir(parents=True, exist_ok=True)
        programs = {
            "measure": [],
            "sink": ["-pthread"],
            "with-cos": [f"-I{HERE.parent / 'include'}", f"-L{self.lib}", "-lcos",
                         f"-Wl,-rpath,{self.lib.resolve()}"],
            "with-curl": ["-lcurl", "-lcrypto", "-ljansson", "-pthread"],
        }
        for name, flags in programs.items():
            command = [*os.environ.get("CC", "cc").split(), "-O2", "-Wall", "-Wextra", "-o",
                       str(self.out / name), str(HERE / f"{name}.c"), *flags]
            subprocess.run(command, check=True)

    def file(self, size, sparse=False):
        """A file of `size` bytes, the same for the same size."""
        path = self.directory / f"{'sparse' if sparse else 'file'}-{size}"
        if not path.exists():
            with path.open("wb") as out:
                out.truncate(size)
                if not sparse:
                    for at in range(0, size, MIB):
                        out.write(os.urandom(min(MIB, size - at)))
        return path

    def sha(self, size):
        with self.file(size).open("rb") as content:
            return hashlib.file_digest(content, "sha1").hexdigest()

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

    def measure(self, program, row, first):
        local = str(self.file(row.size, row.sparse)) if row.size else "-"
        if row.job == "download":
            local = self.directory / "download"
            local.unlink(missing_ok=True)
        scheme, port, ca = "http", self.port, "-"
        if row.tls:
            scheme, port, ca = "https", self.tls_port, self.directory / "ca.pem"
            accepted = self.tls_connections()
        self.counters()
        cpus = self.client_cpus[:1] if row.one_cpu else self.client_cpus
        self.pin_servers(cpus if row.one_cpu else self.server_cpus)
        command = [self.out / "measure", ",".join(map(str, cpus)), self.out / program, scheme,
                   f"127.0.0.1:{port}", ca, row.job, row.count, row.workers, int(row.sha), row.path,
                   local]
        done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{program} failed at {row.name}")
        wall, user, system, rss = map(float, done.stdout.split())
        counters = self.counters()
        if row.tls:
            counters["connections"] = self.tls_connections() - accepted - 1
        if row.job == "download" and first:
            self.check_download(local)
        return {"wall": wall, "user": user, "sys": system, "cpu": user + system, "rss": rss / 1024,
                **counters}

    def check_download(self, found):
        with found.open("rb") as left, self.file(GIB).open("rb") as right:
            while chunk := left.read(MIB):
                if chunk != right.read(len(chunk)):
                    raise SystemExit("wrong bytes were downloaded")

    def run(self, row, repeat):
        pairs = []
        for i in range(repeat or row.repeat):
            pair = [self.measure(program, row, i == 0) for program in ("with-cos", "with-curl")]
            if pair[0]["requests"] != pair[1]["requests"]:
                raise SystemExit(f"{row.name}: the programs sent other numbers of requests")
            pairs.append(pair)
        return Result(row, pairs)

    def stop(self):
        for server in self.servers:
            server.terminate()
            server.wait()


class Result:
    def __init__(self, row, pairs):
        self.row = row
        self.both = [{key: statistics.median(pair[i][key] for pair in pairs) for key in pairs[0][i]}
                     for i in (0, 1)]
        # Of each pair first: what disturbs the machine disturbs both halves of a pair.
        self.ratio = {key: statistics.median(cos[key] / max(curl[key], 1e-6) for cos, curl in pairs)
                      for key in ("wall", "cpu")}
        ratios = sorted(cos["cpu"] / max(curl["cpu"], 1e-6) for cos, curl in pairs)
        self.spread = (ratios[0], ratios[-1])

    def missed(self):
        reached = {**self.ratio, "rss": self.both[0]["rss"]}
        missed = [f"{key} {reached[key]:.2f} > {most}" for key, most in self.row.goals.items()
                  if reached[key] > most]
        per_call = self.both[0]["connections"]
        if per_call > self.row.workers + 1:
            missed.append(f"{per_call:.0f} connections")
        return missed

    def cells(self):
        cos, curl = self.both

        def times(one):
            return f"{one['wall']:.3f}", f"{one['user']:.3f} + {one['sys']:.3f}"

        return [self.row.name, self.row.what, *times(cos), *times(curl), f"{self.ratio['wall']:.2f}",
                f"**{self.ratio['cpu']:.2f}** ({self.spread[0]:.2f}-{self.spread[1]:.2f})",
                f"{cos['rss']:.1f} / {curl['rss']:.1f}",
                f"{cos['connections']:.0f} / {curl['connections']:.0f}"]


HEAD = ["row", "what", "libcos wall", "libcos CPU", "libcurl wall", "libcurl CPU", "wall ratio",
        "CPU ratio", "peak MiB", "connections"]


def table(results):
    lines = [HEAD, ["---"] * 2 + ["---:"] * (len(HEAD) - 2), *(r.cells() for r in results)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def machine():
    cpuinfo = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", cpuinfo)
    curl = subprocess.run(["curl-config", "--version"], capture_output=True, text=True)
    openssl = subprocess.run(["openssl", "version"], capture_output=True, text=True)
    return (f"{len(os.sched_getaffinity(0))} CPUs ({model[1] if model else platform.machine()}), "
            f"Linux {platform.release()}, {curl.stdout.strip()}, "
            f"{' '.join(openssl.stdout.split()[:2])}")


def write_readme(text, command):
    path = HERE / "README.md"
    start, end = "<!-- results -->", "<!-- end of results -->"
    before, rest = path.read_text().split(start)
    after = rest.split(end)[1]
    path.write_text(f"{before}{start}\n\n`{command}` on {machine()}:\n\n{text}\n\n{end}{after}")


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
    directory = Path(tempfile.mkdtemp(prefix="cos-bench-", dir=roomy_directory()))
    bench = Bench(Path(os.environ.get("LIB", "build/lib")),
                  Path(os.environ.get("OUT", "build/bench")), directory)
    results = []
    try:
        bench.build()
        bench.start()
        every = rows(bench.sha)
        chosen = [row for row in every
                  if not patterns or any(fnmatch.fnmatch(row.name, p) for p in patterns)]
        if any(row.tls for row in chosen):
            bench.start_tls()
        for row in chosen:
            result = bench.run(row, repeat)
            results.append(result)
            print(f"{row.name:15} CPU {result.ratio['cpu']:.2f}  wall {result.ratio['wall']:.2f}  "
                  f"{'; '.join(result.missed())}", flush=True)
    finally:
        bench.stop()
        shutil.rmtree(directory, ignore_errors=True)
    text = table(results)
    print(f"\n{text}")
    for result in results:
        for missed in result.missed():
            print(f"missed: {result.row.name}: {missed}")
    if len(results) == len(every):
        write_readme(text, "make bench" + (f" REPEAT={repeat}" if repeat else ""))


if __name__ == "__main__":
    sys.exit(main())

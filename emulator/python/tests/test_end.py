"""However the program that started it ends, nothing of the emulator stays."""

import os
import signal
import socket
import subprocess
import sys
import time

import cos_emulator
import pytest

PROGRAM = """
import cos_emulator, sys, time
emulators = [cos_emulator.Emulator(), cos_emulator.Emulator()]
print(*[emulator.port for emulator in emulators], flush=True)
if sys.argv[1] == "stays":
    time.sleep(600)
"""


def is_there(port):
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def wait_until_gone(ports, directory):
    """The port is closed first, the directory goes last."""
    end = time.monotonic() + 60
    while any(map(is_there, ports)) or os.listdir(directory):
        assert time.monotonic() < end, (ports, os.listdir(directory))
        time.sleep(0.01)


def test_it_is_stopped_although_a_forked_process_goes_on():
    emulator = cos_emulator.Emulator()
    child = os.fork()
    if child == 0:
        time.sleep(600)
        os._exit(0)
    try:
        begun = time.monotonic()
        emulator.stop()
        assert time.monotonic() - begun < 20
        assert not is_there(emulator.port)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@pytest.mark.parametrize("what", ["ends", "stays"])
def test_it_ends_with_the_program(what, tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-c", PROGRAM, what]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    ports = [int(port) for port in process.stdout.readline().split()]
    if what == "stays":
        assert all(map(is_there, ports)) and len(os.listdir(tmp_path)) == 2
        process.send_signal(signal.SIGKILL)
    process.communicate()
    assert len(ports) == 2
    wait_until_gone(ports, tmp_path)

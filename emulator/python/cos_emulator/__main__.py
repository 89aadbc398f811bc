"""The program of this package: `cos-emulator`, or `python -m cos_emulator`."""

import os
import subprocess
import sys

from ._emulator import program


def main() -> None:
    command = [program(), *sys.argv[1:]]
    if sys.platform == "win32":
        sys.exit(subprocess.call(command))
    os.execv(command[0], command)


if __name__ == "__main__":
    main()

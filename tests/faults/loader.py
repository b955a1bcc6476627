"""Loads on request, each in a process of its own forked from this one, so that a kill strikes the load and not Python's start.

Reads "home<TAB>inbox" a line; answers the load's process id, then its exit status. Run by test_kills.py.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

from etl import pipeline
from etl.settings import load_settings


def main() -> None:
    for line in sys.stdin:
        home, inbox = line.rstrip("\n").split("\t")
        if (child := os.fork()) == 0:
            try:
                pipeline.load(load_settings(home), Path(inbox))
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)


if __name__ == "__main__":
    main()

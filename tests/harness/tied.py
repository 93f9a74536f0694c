"""Becomes the given command, which then ends when its parent does: ``python tied.py PARENT COMMAND…``.

A program of its own, because code between fork and exec is not safe in a process with threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h

if __name__ == "__main__":
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        # It may have ended before the kernel was told.
        if os.getppid() != int(sys.argv[1]):
            sys.exit("the parent has ended already")
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606

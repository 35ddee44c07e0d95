"""Stands in for the decoding child and dies as native code does: by a signal, in the middle of an answer."""

import os
import signal
import sys

if __name__ == "__main__":
    sys.stdin.buffer.read()
    sys.stdout.write('{"plane": 0}\n')
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGSEGV)

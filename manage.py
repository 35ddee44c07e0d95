#!/usr/bin/env python3
"""The command line of the device."""

import getpass
import os
import socket
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - said before anything newer is imported
    sys.exit(f"samd needs Python 3.11 or newer; this is {sys.version.split()[0]}.")

from django.core.management import execute_from_command_line

from audit.actors import acting

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "samd.config.settings")
    with acting(f"os:{getpass.getuser()}", address=socket.gethostname()):
        execute_from_command_line(sys.argv)

#!/usr/bin/env bash
# Makes the virtual environment named by the first argument and installs the pinned packages into it.
set -euo pipefail
venv=$1
cd "$(dirname "$0")/.."

stop() { printf 'samd cannot be installed here: %s\n' "$*" >&2; exit 1; }

python=${PYTHON:-}
if [ -z "$python" ]; then
    for candidate in python3.11 python3.12 python3.13 python3; do
        if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys' 2>/dev/null; then
            python=$candidate
            break
        fi
    done
fi
[ -n "$python" ] || stop "there is no Python. Install Python 3.11 or newer."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
    || stop "$("$python" --version) is too old. Install Python 3.11 or newer, or name one: PYTHON=/path/to/python3.11 make run"
"$python" -c 'import venv, ensurepip' 2>/dev/null \
    || stop "$python has no venv module. On Debian: apt install python3-venv"
free_mib=$(df -Pm . | awk 'NR==2 {print $4}')
[ "$free_mib" -ge 3000 ] || stop "only $free_mib MiB of disk are free here, and about 3000 are needed."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "installing the pinned packages into $venv (a few minutes the first time)"
"$python" -m venv "$venv"
if ! "$venv/bin/python" -m pip install --disable-pip-version-check -c deploy/constraints.txt -e '.[dev]' >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    if grep -qiE 'no space left' "$log"; then stop "the disk is full."; fi
    if grep -qiE 'connection|resolve|retries|timed out|no matching distribution' "$log"; then
        stop "a package could not be fetched. Is there a network, or a package mirror in pip's configuration?"
    fi
    stop "pip failed; its last words are above."
fi
touch "$venv/installed"

#!/usr/bin/env bash
# The programs that journeys test against, from Debian: a PACS, DICOM tools, two validators, a browser.
# They are peers for tests, never part of the device.
set -euo pipefail
packages=(orthanc dcmtk dicom3tools pixelmed-apps chromium gettext fonts-noto-cjk postgresql rabbitmq-server)
packages+=(openssl libpangoft2-1.0-0 libharfbuzz-subset0) # a time-stamping authority; what makes PDF
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -eq 0 ]; then
    echo "all test peers are installed"
    exit 0
fi
echo "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
# Orthanc's package starts a server of its own, on ports that belong to somebody else here.
service orthanc stop >/dev/null 2>&1 || true

#!/usr/bin/env bash
# Installs the browser in which the front's page is tested.
set -euo pipefail
cd "$(dirname "$0")/../.."

say() { echo "chromium: $*"; }
fail() {
    echo "chromium: $*" >&2
    exit 1
}
source tools/setup/apt.sh

LIST=tools/setup/chromium-packages.txt

command -v dpkg-query >/dev/null || fail "only Debian 12 has the packages in $LIST"
mkdir -p build
install_missing "$LIST" "about a minute"

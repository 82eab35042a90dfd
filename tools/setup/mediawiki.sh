#!/usr/bin/env bash
# Installs the MediaWiki that the demo can run in place of the embedded wiki, and starts nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."

say() { echo "mediawiki: $*"; }
fail() {
    echo "mediawiki: $*" >&2
    exit 1
}
source tools/setup/apt.sh

LIST=tools/setup/mediawiki-packages.txt

command -v dpkg-query >/dev/null || fail "only Debian 12 has the packages in $LIST"
[[ -n $(missing_packages "$LIST") ]] || exit 0

mkdir -p build
install_missing "$LIST" "about a minute"

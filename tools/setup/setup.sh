#!/usr/bin/env bash
# Makes a checkout ready to run: system packages, .venv, corpora. A second run only checks.
set -euo pipefail
cd "$(dirname "$0")/../.."

say() { echo "setup: $*"; }
fail() {
    echo "setup: $*" >&2
    exit 1
}
source tools/setup/apt.sh

mkdir -p build
exec 9>build/setup.lock
flock --nonblock 9 || {
    say "another setup is running here, waiting for it"
    flock 9
}

system_packages() {
    if ! command -v dpkg-query >/dev/null; then
        say "not a Debian system: see tools/setup/apt-packages.txt for what is expected"
        return
    fi
    install_missing tools/setup/apt-packages.txt "about 20 s"
}

find_python() {
    local candidate
    # A pyenv shim may be first on PATH and lead nowhere, so each is tried.
    for candidate in /usr/bin/python3.11 $(type -ap python3.11); do
        if "$candidate" -c 'import sys, ensurepip, venv; assert sys.version_info[:2] == (3, 11)' \
            2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    fail "no Python 3.11 that can make a virtual environment"
}

stamped() { [[ -f $1 && $(<"$1") == "$2" ]]; }

virtual_environment() {
    local locked projects
    locked=$(pwd && sha256sum requirements/dev.lock)
    projects=$(sha256sum {python,demo,tools/blubber}/pyproject.toml)

    # The stamp is written last: whatever an interrupted run left behind is thrown away.
    if ! stamped .venv/locked.stamp "$locked" || ! .venv/bin/python -c '' 2>/dev/null; then
        local python
        python=$(find_python)
        say "making .venv with $python"
        rm -rf .venv
        "$python" -m venv .venv
        say "installing $(grep -c == requirements/dev.lock) locked packages (1 to 3 minutes)"
        .venv/bin/pip install --quiet --no-deps --no-compile --use-pep517 --require-hashes \
            --disable-pip-version-check -r requirements/dev.lock
        say "compiling them (half a minute)"
        # Some packages ship Python 2 files as test data, which cannot be compiled.
        .venv/bin/python -m compileall -qq -j 0 .venv/lib || true
        echo "$locked" >.venv/locked.stamp
    fi

    if ! stamped .venv/projects.stamp "$projects"; then
        say "installing python/, demo/ and tools/blubber/ (a few seconds)"
        .venv/bin/pip install --quiet --no-deps --no-build-isolation --disable-pip-version-check \
            -e python -e demo -e tools/blubber
        echo "$projects" >.venv/projects.stamp
    fi
}

system_packages
virtual_environment
.venv/bin/liftwing-serving corpora --to build/nltk_data

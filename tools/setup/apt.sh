# Installs Debian packages that are missing. Sourced, by scripts that define `say` and `fail`.

# missing_packages LIST prints those of a file of package names that are not installed.
missing_packages() {
    local wanted
    mapfile -t wanted < <(grep -v '^#' "$1")
    comm -23 <(printf '%s\n' "${wanted[@]}" | sort) \
        <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null |
            sed -n 's/^installed //p' | sort)
}

# leave_services_alone CMD... runs a command with a policy by which packages start no services; a
# system that has a policy keeps its own.
leave_services_alone() {
    local policy=/usr/sbin/policy-rc.d status=0
    if ((EUID)) || [[ -e $policy ]]; then
        "$@"
        return
    fi
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    "$@" || status=$?
    rm -f "$policy"
    return $status
}

# install_missing LIST DURATION installs them, or fails and says what to run as root.
install_missing() {
    local missing sudo=() install please
    mapfile -t missing < <(missing_packages "$1")
    ((${#missing[@]})) || return 0

    if ((EUID)); then
        please="run:
    sudo"
        command -v sudo >/dev/null || please="have root run:
   "
        please+=" apt-get install --no-install-recommends ${missing[*]}"
        sudo -n true 2>/dev/null || fail "system packages are missing, please $please
and then this command again"
        sudo=(sudo -n)
    fi
    say "installing ${missing[*]} ($2)"
    install=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive
        apt-get install -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}")
    # Fails when the package lists are absent or stale: only then is fetching them worth its time.
    leave_services_alone "${install[@]}" >build/apt.log 2>&1 && return
    say "fetching package lists first"
    "${sudo[@]}" apt-get update -qq >>build/apt.log 2>&1 || true
    leave_services_alone "${install[@]}" >>build/apt.log 2>&1 || {
        tail -n 20 build/apt.log >&2
        fail "apt-get could not install them, the whole log is in build/apt.log"
    }
}

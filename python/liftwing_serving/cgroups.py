"""How many cores this container may use, which is often fewer than the machine has."""

import math
import os
from pathlib import Path


def available_cores(root: Path = Path("/sys/fs/cgroup")) -> int:
    """Whole cores: the smaller of the CPU affinity and the cgroup's quota, at least 1.

    `root` is where cgroup v2's `cpu.max` is, and v1's `cpu/cpu.cfs_quota_us`; without either there
    is no quota (https://docs.kernel.org/admin-guide/cgroup-v2.html). A quota of 1.5 cores counts
    as 2, since one worker alone could not use the half.
    """
    cores = len(os.sched_getaffinity(0))
    quota = _quota_v2(root / "cpu.max") or _quota_v1(root / "cpu")
    return max(1, min(cores, math.ceil(quota))) if quota else cores


def _quota_v2(path: Path) -> float | None:
    try:
        quota, period = path.read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        return None


def _quota_v1(folder: Path) -> float | None:
    try:
        quota = int((folder / "cpu.cfs_quota_us").read_text())
        period = int((folder / "cpu.cfs_period_us").read_text())
    except (OSError, ValueError):
        return None
    return quota / period if quota > 0 else None

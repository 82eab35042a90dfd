"""What comes along with an import."""

from __future__ import annotations

import subprocess
import sys

from support.environment import environment


def modules_after(imports: str) -> set[str]:
    """Which libraries a process has imported after these imports."""
    code = f"import sys; import {imports}; print(*{{name.split('.')[0] for name in sys.modules}})"
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
        env=environment(),
    )
    return set(run.stdout.split())

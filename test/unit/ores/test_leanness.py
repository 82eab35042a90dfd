"""The front computes nothing: what it starts with is aiohttp."""

from __future__ import annotations

import subprocess
import sys

from support.environment import environment


def test_nothing_that_the_front_imports_is_kserve_or_a_library_of_a_model() -> None:
    code = "import sys, liftwing_serving.ores; print(*{it.split('.')[0] for it in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True
    )
    imported = set(done.stdout.split())
    assert "aiohttp" in imported
    heavy = {"fastapi", "fasttext", "grpc", "kserve", "numpy", "pandas", "revscoring", "sklearn"}
    assert imported & heavy == set()

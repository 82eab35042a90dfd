"""The front computes nothing: what it starts with is aiohttp."""

from __future__ import annotations

from support.imports import modules_after


def test_nothing_that_the_front_imports_is_kserve_or_a_library_of_a_model() -> None:
    imported = modules_after("liftwing_serving.ores")
    assert "aiohttp" in imported
    heavy = {"fastapi", "fasttext", "grpc", "kserve", "numpy", "pandas", "revscoring", "sklearn"}
    assert imported & heavy == set()

"""Packages whose names are imported when they are first asked for."""

from __future__ import annotations

import importlib

import pytest
from liftwing_serving.faces import lazily


@pytest.mark.parametrize("package", ["mediawiki", "revscoring"])
def test_each_promised_name_is_there_and_no_other(package: str) -> None:
    face = importlib.import_module(f"liftwing_serving.{package}")
    assert all(getattr(face, name) is not None for name in face.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        face.nonsense


def test_a_name_comes_from_its_module_and_a_module_may_stand_for_itself() -> None:
    find = lazily("liftwing_serving", {"deadline": ("Deadline",), "errors": ()})
    deadline = importlib.import_module("liftwing_serving.deadline")
    assert find("Deadline") is deadline.Deadline
    assert find("errors") is importlib.import_module("liftwing_serving.errors")
    with pytest.raises(AttributeError):
        find("deadline")

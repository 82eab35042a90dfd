"""The conformance kit finds each breach of the contract, by the check that is about it alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.breaches import BELOW, CHECKS, OTHER, SCORED
from support.conformance import KIT, Kit
from support.processes import ROOT, ModelServer, call

DEADLINE = 1
# Without lists, answers or a document little else is looked at.
ALONE = ["v1_lists_none", "examples_fail", "documents_nothing"]
GROUPS = 8
REQUESTS = [SCORED, OTHER]


@pytest.fixture(scope="module")
def kit() -> Iterator[Kit]:
    kit = Kit()
    yield kit
    kit.close()


@pytest.fixture(scope="module")
def breaker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    log = tmp_path_factory.mktemp("breaker") / "server.log"
    settings = {"REQUEST_DEADLINE_SECONDS": str(DEADLINE), "PYTHONPATH": str(ROOT / "test")}
    server = ModelServer(log, settings, program=ROOT / "test/support/breaker.py")
    yield server
    assert server.close() == 0, log.read_text()


def found_of(
    kit: Kit, breaker: ModelServer, names: list[str], flags: tuple[str, ...] = ()
) -> set[str]:
    """The checks that fail before these breaches."""
    call(f"{breaker.url}/_break/{','.join(names)}")
    found = kit.run(breaker, *REQUESTS, flags=flags)
    print(found.output)
    return functions(found.failed)


def functions(names: list[str]) -> set[str]:
    """The functions of checks, whatever their parameters."""
    return {name.rpartition("::")[2].partition("[")[0] for name in names}


def test_who_keeps_the_contract_is_told_nothing(kit: Kit, breaker: ModelServer) -> None:
    call(f"{breaker.url}/_break/")
    found = kit.run(breaker, *REQUESTS, flags=("--deadline", str(DEADLINE)))
    assert found.failed == [], found.output
    assert {name.partition("::")[0] for name in found.skipped} == {"test_texts.py"}


@pytest.mark.parametrize("breach", [*ALONE, *BELOW])
def test_a_breach_is_found_by_the_check_that_is_about_it(
    kit: Kit, breaker: ModelServer, breach: str
) -> None:
    timed = ("--deadline", str(DEADLINE)) if breach == "waits_for_bodies" else ()
    assert found_of(kit, breaker, [breach], timed) == {CHECKS[breach]}


@pytest.mark.parametrize("group", range(GROUPS))
def test_breaches_are_found_by_the_checks_that_are_about_them(
    kit: Kit, breaker: ModelServer, group: int
) -> None:
    """Several in one run, which takes a second. Breaches of one kind are in different groups."""
    names = [name for name in CHECKS if name not in {*ALONE, *BELOW}][group::GROUPS]
    checks = {CHECKS[name] for name in names}
    assert len(checks) == len(names), "one might stand for the other"
    assert found_of(kit, breaker, names) == checks


def test_each_check_is_proved_by_a_breach() -> None:
    text = "".join(Path(file).read_text() for file in KIT.glob("test_*.py"))
    assert set(re.findall(r"^def (test_\w+)", text, re.M)) == set(CHECKS.values())

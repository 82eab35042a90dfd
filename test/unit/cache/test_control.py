"""Which requests want no answer that was kept."""

from __future__ import annotations

import pytest
from liftwing_serving.cache import fresh_wanted, take_up


@pytest.mark.parametrize(
    ("header", "fresh"),
    [
        ("no-cache", True),
        ("No-Cache", True),
        ("max-age=0, no-cache", True),
        ("no-cachet", False),
        ("max-age=60", False),
        ("", False),
    ],
)
def test_no_cache_among_the_directives_asks_for_a_fresh_answer(header: str, fresh: bool) -> None:
    take_up({"cache-control": header} if header else {})
    assert fresh_wanted() is fresh

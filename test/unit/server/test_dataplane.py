"""What is ready: all that is served, models and routes of their own."""

from __future__ import annotations

import pytest
from kserve.errors import ModelNotReady
from liftwing_serving.server.dataplane import LiftwingDataPlane, Models
from liftwing_serving.server.hosted import Hosted
from liftwing_serving.settings import ServerSettings
from support.toy import Doubles, Toy


@pytest.fixture
def hosted() -> dict[str, Hosted]:
    return {name: Hosted(name, ServerSettings()) for name in ("toy", "/v1/doubles")}


@pytest.fixture
def data_plane(hosted: dict[str, Hosted]) -> LiftwingDataPlane:
    models = Models()
    models.update(hosted["toy"])
    return LiftwingDataPlane(models, [hosted["/v1/doubles"]])


async def test_a_server_is_ready_when_its_models_and_its_routes_are(
    data_plane: LiftwingDataPlane, hosted: dict[str, Hosted]
) -> None:
    hosted["toy"].servable = Toy("toy")
    assert not await data_plane.ready()
    assert await data_plane.model_ready("toy")
    with pytest.raises(ModelNotReady, match="^Model with name /v1/doubles is not ready.$"):
        await data_plane.answer_route(hosted["/v1/doubles"], b'{"numbers": [1]}')
    hosted["/v1/doubles"].servable = Doubles("/v1/doubles")
    assert await data_plane.ready()
    answer = await data_plane.answer_route(hosted["/v1/doubles"], b'{"numbers": [1]}')
    assert answer == b'{"doubles":[2]}'
    data_plane.draining = True
    assert not await data_plane.ready()

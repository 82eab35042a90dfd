"""What errors are to clients of gRPC."""

from __future__ import annotations

import pytest
from grpc import StatusCode
from kserve.errors import ModelNotFound, ModelNotReady
from liftwing_serving import errors
from liftwing_serving.server.failures import grpc_error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.BadRequest("no"), StatusCode.INVALID_ARGUMENT),
        (errors.RevisionMissing(7), StatusCode.INVALID_ARGUMENT),
        (errors.TooManyInstances(7), StatusCode.RESOURCE_EXHAUSTED),
        (errors.TooManyRequests(7), StatusCode.RESOURCE_EXHAUSTED),
        (errors.UpstreamUnusable("no"), StatusCode.UNAVAILABLE),
        (errors.Overloaded(7), StatusCode.UNAVAILABLE),
        (errors.DeadlineExceeded(), StatusCode.UNAVAILABLE),
        (ModelNotFound("m"), StatusCode.NOT_FOUND),
        (ModelNotReady("m"), StatusCode.UNAVAILABLE),
    ],
)
def test_an_error_has_the_nearest_code_and_its_own_text(error: Exception, code: StatusCode) -> None:
    assert grpc_error(error) == (code, str(error))


def test_a_defect_is_internal_and_keeps_its_text_to_itself() -> None:
    code, text = grpc_error(ZeroDivisionError("secret"))
    assert code is StatusCode.INTERNAL
    assert "secret" not in text

"""Which way the transformer asks its predictor: over HTTP in either protocol, or over gRPC."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any, Protocol

import aiohttp

from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import StartFailed
from liftwing_serving.outlink.http_client import HttpPredictor
from liftwing_serving.outlink.topics import MODEL, Topics


class PredictorClient(Protocol):
    """Asks a predictor."""

    async def topics(self, fields: Mapping[str, Any], deadline: Deadline) -> Topics:
        """What the predictor answers to a request of these V1 fields.

        Raises BadRequest as the predictor did, TooManyRequests, Unavailable, UpstreamUnusable,
        DeadlineExceeded.
        """

    async def close(self) -> None:
        """Close connections of its own."""


def client_for(flags: argparse.Namespace, session: aiohttp.ClientSession) -> PredictorClient:
    """A client of the predictor that KServe's flags name, which is asked for the model of that name
    too, as KServe's own transformers do. Raises StartFailed if they name none."""
    if not flags.predictor_host:
        raise StartFailed("--predictor_host HOST:PORT must name the predictor.")
    model = flags.model_name or MODEL
    if flags.predictor_protocol == "grpc-v2":
        # Imports KServe, for whose seconds nothing should wait that can begin.
        from liftwing_serving.outlink.grpc_client import GrpcPredictor

        return GrpcPredictor(flags.predictor_host, model)
    scheme = "https" if flags.predictor_use_ssl else "http"
    base = f"{scheme}://{flags.predictor_host}"
    return HttpPredictor(session, base, model, v2=flags.predictor_protocol == "v2")

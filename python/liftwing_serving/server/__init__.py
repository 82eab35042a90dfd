"""Serving what families implement: HTTP and gRPC, V1 and V2, deadlines, errors, start and stop.

KServe carries it. Its import takes three seconds, so nothing here imports it before `run`.
"""

from liftwing_serving.server.run import run
from liftwing_serving.server.servable import Servable

__all__ = ["Servable", "run"]

"""Serving what families implement: HTTP and gRPC, V1 and V2, deadlines, errors, start and stop.

V1 is KServe's own protocol, V2 the Open Inference Protocol. Importing KServe takes three seconds,
so nothing here imports it before `run`.
"""

from liftwing_serving.server.beginning import begin, nonsense_ends_it
from liftwing_serving.server.payloads import loggable
from liftwing_serving.server.run import run
from liftwing_serving.server.servable import Servable

__all__ = ["Servable", "begin", "loggable", "nonsense_ends_it", "run"]

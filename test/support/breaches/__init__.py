"""A breach of each promise that the conformance kit looks after, and the check that has to find it.

Each is found by that check, and by no other. `support.breaker` is the server that commits them.
"""

from support.breaches import document, health, infer, limits, metrics, predict, refusals
from support.breaches.over_grpc import CHECKS as GRPC_CHECKS
from support.breaches.table import BELOW, BREACHES, OTHER, SCORED
from support.breaches.table import CHECKS as HTTP_CHECKS

CHECKS = HTTP_CHECKS | BELOW | GRPC_CHECKS

# Whose breaches are entered when they are imported.
ENTERED = (document, health, infer, limits, metrics, predict, refusals)

__all__ = ["BELOW", "BREACHES", "CHECKS", "OTHER", "SCORED"]

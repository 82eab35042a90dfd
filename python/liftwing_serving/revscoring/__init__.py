"""What the revscoring families share. Importing it does not import the revscoring library."""

from liftwing_serving.revscoring.serve import serve

__all__ = ["serve"]

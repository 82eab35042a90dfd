"""Where things lie in a checkout, which the demo, the tools and the tests start."""

from pathlib import Path

from liftwing_serving.revscoring import Family

ROOT = Path(__file__).parents[2]


def model_server(family: Family, root: Path = ROOT) -> Path:
    """The program that serves a family's models."""
    return root / "revscoring" / family.folder / "model-server/model.py"

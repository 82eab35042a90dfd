"""Which images there are, what describes each, and where its server and lock lie."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass
from typing import Dict

ROOT = pathlib.Path(__file__).resolve().parents[2]
PIPELINE = ".pipeline"
# The wiki and the EventGate of docker-compose.yml; no pipeline builds it, and none publishes it.
DEMO = "demo"
DEMO_SPEC = "demo/blubber.yaml"
SERVER = "model-server"


@dataclass(frozen=True)
class Image:
    """An image; paths are relative to the checkout."""

    name: str
    spec: str
    folder: str

    @property
    def lock(self) -> str:
        """The packages that it holds."""
        return f"{self.folder}/requirements.lock"

    @property
    def shared_lock(self) -> str:
        """Those of them that it has in common with others: the families, or all servers."""
        family = self.folder.split("/")[0] == "revscoring"
        return "revscoring/shared.lock" if family else "python/requirements.lock"

    @property
    def server(self) -> str:
        """The folder whose program it runs."""
        return f"{self.folder}/{SERVER}"

    @property
    def requirements(self) -> str:
        """What a plain family names its own packages in; other images have no such file."""
        return f"{self.folder}/requirements.in"


def images(root: pathlib.Path = ROOT) -> Dict[str, Image]:
    """Return the images by name, one for each spec."""
    specs = sorted((root / PIPELINE).glob("*/*.yaml"))
    found = [_image(root, spec.relative_to(root)) for spec in specs]
    return {image.name: image for image in found}


def specs(root: pathlib.Path = ROOT) -> Dict[str, str]:
    """Return the specs of all that can be built, by name: the images', and the demo's."""
    return {**{image.name: image.spec for image in images(root).values()}, DEMO: DEMO_SPEC}


def plain_images(root: pathlib.Path = ROOT) -> Dict[str, Image]:
    """Return those of plain families."""
    found = images(root).items()
    return {name: image for name, image in found if (root / image.requirements).is_file()}


def _image(root: pathlib.Path, spec: pathlib.Path) -> Image:
    """Return the image of a spec: X/blubber.yaml is the spec of X, X/Y.yaml that of X-Y."""
    name = spec.parent.name
    if spec.stem != "blubber":
        name = f"{name}-{spec.stem}"
    # The last is the server of all families, which lies beside theirs.
    for folder in (f"revscoring/{name}", name):
        if (root / folder / SERVER).is_dir():
            return Image(name, str(spec), folder)
    raise FileNotFoundError(f"{spec}: no folder of a server is called {name}")

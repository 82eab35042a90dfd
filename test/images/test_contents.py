"""What is in the images, and what is not."""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Any
from urllib.request import getproxies_environment

import pytest
from liftwing_serving.revscoring import FAMILIES, Family
from liftwing_serving.revscoring.families import TOPIC, UNIVERSAL
from support.containers import PYTHON, docker, python, shell
from support.feature_lists import feature_lists
from support.processes import ROOT

BASE = "docker-registry.wikimedia.org/bookworm"
# Bytecode, and all dictionaries where there are any, included.
MEGABYTES = {"ores": 560, "outlink": 560, "outlink-transformer": 560}
MEGABYTES_OF_A_FAMILY = 950
CORPORA = "/usr/share/nltk_data"
OURS = f"$(ls -d /srv /opt /home /root {CORPORA} 2>/dev/null)"
TOOLS = ("as", "c++", "cc", "clang", "cpp", "g++", "gcc", "ld", "make", "pip", "pip3", "tcc")

sys.path.insert(0, str(ROOT / "tools/images"))

from build import corpora_source  # noqa: E402
from inventory import images  # noqa: E402

UNCOMPILED = """
import importlib.util as u, pathlib
packages = "lib/python3.11/site-packages"
folders = ["/srv/app", f"/opt/lib/shared/{packages}", "/usr/lib/python3.11"]
for folder in [*folders, f"/opt/lib/venv/{packages}"]:
    sources = list(pathlib.Path(folder).rglob("*.py"))
    # The front and the transformer have nothing but what is shared.
    assert sources or "venv" in folder, folder
    for source in sources:
        if not pathlib.Path(u.cache_from_source(source)).exists():
            print(source)
"""

# A module's flags say that its source is never looked at: two little-endian words after the magic.
CHECKED = """
import pathlib
for folder in ("/srv/app", "/opt/lib/shared", "/opt/lib/venv"):
    for compiled in pathlib.Path(folder).rglob("*.pyc"):
        with compiled.open("rb") as stream:
            if stream.read(8)[4:] != b"\\x01\\0\\0\\0":
                print(compiled)
"""

IMPORTED = """
import importlib, sys, warnings
warnings.simplefilter("ignore")
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


@pytest.fixture(scope="module")
def configuration(each_image: str) -> dict[str, Any]:
    details: dict[str, Any] = json.loads(docker("image", "inspect", each_image))[0]
    return details


def corpora_of(image: str) -> set[str]:
    """The names of the corpora that the image's models read."""
    held = [it for it in FAMILIES if image in (it.folder, UNIVERSAL)]
    return {name for family in held for name in family.corpora}


def test_an_image_is_within_its_size(each_image: str, configuration: dict[str, Any]) -> None:
    megabytes = MEGABYTES.get(each_image, MEGABYTES_OF_A_FAMILY)
    assert configuration["Size"] <= megabytes * 10**6


def test_it_starts_python_itself_as_an_unprivileged_account(
    each_image: str, configuration: dict[str, Any]
) -> None:
    program = {"ores": "front.py", "outlink-transformer": "transformer.py"}.get(
        each_image, "model.py"
    )
    assert configuration["Config"]["Entrypoint"] == ["/opt/lib/venv/bin/python3", program]
    assert configuration["Config"]["User"] == "900"


def test_it_says_where_its_corpora_came_from(
    each_image: str, configuration: dict[str, Any]
) -> None:
    marker = ROOT / "build/nltk_data/corpora.json"
    assert configuration["Config"]["Labels"]["corpora"] == corpora_source(marker, each_image)
    if corpora_of(each_image):
        assert shell(f"cat {CORPORA}/corpora.json", each_image) == marker.read_text()


def test_it_holds_the_corpora_that_its_models_read_and_no_other(each_image: str) -> None:
    held = shell(f"ls {CORPORA}/corpora 2>/dev/null || true", each_image).split()
    assert set(held) == corpora_of(each_image)


def test_the_source_is_the_shared_package_and_the_images_own_server(each_image: str) -> None:
    server = {path.name for path in (ROOT / images()[each_image].server).iterdir()}
    found = set(shell("ls /srv/app", each_image).split())
    assert found - {"__pycache__"} == {"liftwing_serving"} | server - {"__pycache__"}
    tests = "find /srv /opt -type d \\( -name test -o -name tests \\)"
    assert shell(tests, each_image).split() == []


# The lists of topics read word embeddings, which are not in images.
@pytest.mark.parametrize(
    "family", [it for it in FAMILIES if it is not TOPIC], ids=lambda family: family.folder
)
def test_every_feature_list_finds_its_dictionary_and_corpora(built: Any, family: Family) -> None:
    modules = {
        a_list.module
        for a_list, names in feature_lists().items()
        if any(name.partition("-")[2] in family.kinds for name in names)
    }
    assert modules
    code = ("--entrypoint", PYTHON, built(family.folder), "-c", IMPORTED)
    docker("run", "--rm", "--network", "none", "--read-only", *code, *modules)


def test_every_module_is_compiled(each_image: str) -> None:
    assert python(UNCOMPILED, image=each_image).split() == []


def test_bytecode_is_used_whatever_time_its_source_has(each_image: str) -> None:
    assert python(CHECKED, image=each_image).split() == []


def test_the_account_can_write_nothing_that_it_runs(each_image: str) -> None:
    places = (
        "find / -xdev -writable ! -type l ! -path '/proc/*' ! -path '/dev/*' 2>/dev/null || true"
    )
    writable = shell(places, each_image, user="900").split()
    homes = r"/home/runuser(/\.(bash_logout|bashrc|profile))?"
    allowed = re.compile(rf"{homes}|/tmp|/var/tmp|/run/lock")
    assert [path for path in writable if not allowed.fullmatch(path)] == []
    assert "/home/runuser" in writable


def test_no_file_gains_rights_beyond_those_of_debian(each_image: str) -> None:
    find = "find / -xdev -type f -perm /6000 | sort"
    assert shell(find, each_image) == shell(find, image=BASE)
    capable = "getcap -r / 2>/dev/null || true"
    assert shell(capable, each_image) == shell(capable, image=BASE)


def test_there_is_no_compiler_and_no_installer(each_image: str) -> None:
    names = " -o ".join(f"-name {name} -o -name '*-{name}' -o -name '{name}-*'" for name in TOOLS)
    found = f"find / -xdev -path '*/bin/*' ! -type d \\( {names} \\)"
    assert shell(found, each_image).split() == []
    assert shell("find / -xdev -type d -name pip", each_image).split() == []


def test_no_cache_of_an_installer_is_left(each_image: str) -> None:
    caches = (
        "find / -xdev \\( -name .cache -o -name '*.whl' -o -name '*.deb' -o -name pkgcache.bin \\)"
    )
    assert shell(f"{caches} ! -path '/proc/*'", each_image).split() == []
    assert shell("find /var/lib/apt/lists -type f", each_image).split() == []


def test_there_is_no_secret(each_image: str) -> None:
    files = (
        r"/(\.git|\.env|\.netrc|\.pypirc|\.docker|\.ssh|\.aws|id_[a-z0-9]+|[^/]*\.(key|p12|pfx))$"
    )
    names = shell(f"find {OURS}", each_image).splitlines()
    assert len(names) > 1000
    assert [name for name in names if re.search(files, name)] == []
    key = "-----BEGIN [A-Z ]*PRIVATE KEY-----$"
    assert shell(f"grep -rlE --exclude='*.so*' -e '{key}' {OURS} || true", each_image).split() == []


def test_there_is_nothing_of_the_machine_that_built_it(
    each_image: str, configuration: dict[str, Any]
) -> None:
    """Neither its folders nor how it reaches the world; the base's own settings are the base's."""
    proxies = list(getproxies_environment().values())
    pip = [os.environ.get(f"PIP_{name}", "") for name in ("INDEX_URL", "FIND_LINKS")]
    traces = [str(ROOT), *(value for value in [*proxies, *pip] if len(value) > 3)]
    patterns = " ".join(f"-e '{trace}'" for trace in traces)
    assert shell(f"grep -rlF {patterns} {OURS} || true", each_image).split() == []
    told = json.dumps(configuration["Config"]) + docker("history", "--no-trunc", each_image)
    assert [trace for trace in traces if trace in told] == []
    allowed = {"PATH", "HOME", "DEBIAN_FRONTEND", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
    allowed |= {"NLTK_DATA"} if corpora_of(each_image) else set()
    assert {entry.split("=")[0] for entry in configuration["Config"]["Env"]} == allowed


def test_its_dependencies_are_those_of_the_lock(each_image: str) -> None:
    listed = (
        "import importlib.metadata as m; print(*(d.metadata['Name'] for d in m.distributions()))"
    )
    lock = ROOT / images()[each_image].lock
    locked = re.findall(r"^([a-z0-9-]+)==", lock.read_text(), re.M)
    names = python(listed, image=each_image).split()
    installed = {re.sub(r"[-_.]+", "-", name).lower() for name in names}
    assert installed == set(locked)

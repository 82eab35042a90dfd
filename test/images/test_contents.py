"""What is in the image of edit quality, and what is not."""

from __future__ import annotations

import json
import os
import re
from typing import Any
from urllib.request import getproxies_environment

import pytest
from support.containers import IMAGE, docker, python, shell
from support.processes import ROOT

BASE = "docker-registry.wikimedia.org/bookworm"
MEGABYTES = 950
OURS = "/srv /opt /home /root /usr/share/nltk_data"
TOOLS = ("as", "c++", "cc", "clang", "cpp", "g++", "gcc", "ld", "make", "pip", "pip3", "tcc")

pytestmark = pytest.mark.usefixtures("image")

UNCOMPILED = """
import importlib.util as u, pathlib
folders = ["/srv/app", "/opt/lib/venv/lib/python3.11/site-packages", "/usr/lib/python3.11"]
for folder in folders:
    sources = list(pathlib.Path(folder).rglob("*.py"))
    assert sources, folder
    for source in sources:
        if not pathlib.Path(u.cache_from_source(source)).exists():
            print(source)
"""

# A module's flags say that its source is never looked at: two little-endian words after the magic.
CHECKED = """
import pathlib
for folder in ("/srv/app", "/opt/lib/venv"):
    for compiled in pathlib.Path(folder).rglob("*.pyc"):
        with compiled.open("rb") as stream:
            if stream.read(8)[4:] != b"\\x01\\0\\0\\0":
                print(compiled)
"""

FEATURE_LISTS = """
import importlib, pkgutil, warnings
warnings.simplefilter("ignore")
from editquality import feature_lists
names = [m.name for m in pkgutil.iter_modules(feature_lists.__path__) if m.name.endswith("wiki")]
assert len(names) > 30
for name in names:
    importlib.import_module(f"editquality.feature_lists.{name}")
"""


@pytest.fixture(scope="module")
def configuration() -> dict[str, Any]:
    details: dict[str, Any] = json.loads(docker("image", "inspect", IMAGE))[0]
    return details


def test_the_image_is_within_its_size(configuration: dict[str, Any]) -> None:
    assert configuration["Size"] <= MEGABYTES * 10**6


def test_it_starts_python_itself_as_an_unprivileged_account(configuration: dict[str, Any]) -> None:
    assert configuration["Config"]["Entrypoint"] == ["/opt/lib/venv/bin/python3", "model.py"]
    assert configuration["Config"]["User"] == "900"


def test_it_says_where_its_corpora_came_from(configuration: dict[str, Any]) -> None:
    marker = json.loads((ROOT / "build/nltk_data/corpora.json").read_text())
    assert configuration["Config"]["Labels"]["corpora"] == marker["stopwords"]["source"]
    baked_in = python("print(open('/usr/share/nltk_data/corpora.json').read())")
    assert json.loads(baked_in) == marker


def test_every_feature_list_finds_its_dictionary_and_stop_words() -> None:
    python(FEATURE_LISTS, "--network", "none", "--read-only")


def test_every_module_is_compiled() -> None:
    assert python(UNCOMPILED).split() == []


def test_bytecode_is_used_whatever_time_its_source_has() -> None:
    assert python(CHECKED).split() == []


def test_the_account_can_write_nothing_that_it_runs() -> None:
    places = (
        "find / -xdev -writable ! -type l ! -path '/proc/*' ! -path '/dev/*' 2>/dev/null || true"
    )
    writable = shell(places, user="900").split()
    homes = r"/home/runuser(/\.(bash_logout|bashrc|profile))?"
    allowed = re.compile(rf"{homes}|/tmp|/var/tmp|/run/lock")
    assert [path for path in writable if not allowed.fullmatch(path)] == []
    assert "/home/runuser" in writable


def test_no_file_gains_rights_beyond_those_of_debian() -> None:
    find = "find / -xdev -type f -perm /6000 | sort"
    assert shell(find) == shell(find, image=BASE)
    capable = "getcap -r / 2>/dev/null || true"
    assert shell(capable) == shell(capable, image=BASE)


def test_there_is_no_compiler_and_no_installer() -> None:
    names = " -o ".join(f"-name {name} -o -name '*-{name}' -o -name '{name}-*'" for name in TOOLS)
    found = f"find / -xdev -path '*/bin/*' ! -type d \\( {names} \\)"
    assert shell(found).split() == []
    assert shell("find / -xdev -type d -name pip").split() == []


def test_no_cache_of_an_installer_is_left() -> None:
    caches = (
        "find / -xdev \\( -name .cache -o -name '*.whl' -o -name '*.deb' -o -name pkgcache.bin \\)"
    )
    assert shell(f"{caches} ! -path '/proc/*'").split() == []
    assert shell("find /var/lib/apt/lists -type f").split() == []


def test_there_is_no_secret() -> None:
    files = (
        r"/(\.git|\.env|\.netrc|\.pypirc|\.docker|\.ssh|\.aws|id_[a-z0-9]+|[^/]*\.(key|p12|pfx))$"
    )
    names = shell(f"find {OURS}").splitlines()
    assert len(names) > 1000
    assert [name for name in names if re.search(files, name)] == []
    key = "-----BEGIN [A-Z ]*PRIVATE KEY-----$"
    assert shell(f"grep -rlE --exclude='*.so*' -e '{key}' {OURS} || true").split() == []


def test_there_is_nothing_of_the_machine_that_built_it(configuration: dict[str, Any]) -> None:
    """Neither its folders nor how it reaches the world; the base's own settings are the base's."""
    proxies = list(getproxies_environment().values())
    pip = [os.environ.get(f"PIP_{name}", "") for name in ("INDEX_URL", "FIND_LINKS")]
    traces = [str(ROOT), *(value for value in [*proxies, *pip] if len(value) > 3)]
    patterns = " ".join(f"-e '{trace}'" for trace in traces)
    assert shell(f"grep -rlF {patterns} {OURS} || true").split() == []
    told = json.dumps(configuration["Config"]) + docker("history", "--no-trunc", IMAGE)
    assert [trace for trace in traces if trace in told] == []
    allowed = {"PATH", "HOME", "DEBIAN_FRONTEND", "NLTK_DATA"}
    allowed |= {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
    assert {entry.split("=")[0] for entry in configuration["Config"]["Env"]} == allowed


def test_its_dependencies_are_those_of_the_lock() -> None:
    listed = (
        "import importlib.metadata as m; print(*(d.metadata['Name'] for d in m.distributions()))"
    )
    locked = re.findall(
        r"^([a-z0-9-]+)==", (ROOT / "revscoring/editquality/requirements.lock").read_text(), re.M
    )
    installed = {re.sub(r"[-_.]+", "-", name).lower() for name in python(listed).split()}
    assert installed == set(locked)

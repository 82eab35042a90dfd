"""Making a MediaWiki in a folder out of the demo wiki, and telling whether one is current.

MediaWiki's own code is the system's and is not written to: settings, database and caches are in
the folder.
"""

import json
import os
import re
import secrets
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from shutil import copy, rmtree
from tempfile import mkdtemp

from liftwing_demo.mediawiki.database import conform
from liftwing_demo.mediawiki.errors import InstallFailed
from liftwing_demo.mediawiki.export import write_dump
from liftwing_demo.wiki.api.room import MAX_BYTES
from liftwing_demo.wiki.build import Progress, quiet
from liftwing_demo.wiki.namespaces import WIKIPEDIA
from liftwing_demo.wiki.store import WikiStore

MEDIAWIKI = Path("/usr/share/mediawiki")
SETTINGS = "LocalSettings.php"
MARKER = "made-from.txt"
REPORT_PAGES = 5
LAST_STANDARD_NAMESPACE = 15
_PAGES_DONE = re.compile(rb"(\d+) \([\d.]+ pages/sec")


def install_mediawiki(wiki_file: Path, folder: Path, progress: Progress = quiet) -> None:
    """Make a MediaWiki with everything that is in the demo wiki; it replaces one that is there.

    The folder appears under its name only when it is complete.

    Raises:
        InstallFailed: one of MediaWiki's scripts failed.
        ImportIncomplete: MediaWiki did not take the whole history.
        OSError: the folder cannot be written to.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    workshop = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        new = workshop / "new"
        with WikiStore.open(wiki_file) as store:
            _make(store, new, progress)
        (new / MARKER).write_text(_origin(wiki_file))
        if folder.exists():
            os.rename(folder, workshop / "old")
        os.rename(new, folder)
    finally:
        rmtree(workshop, ignore_errors=True)


def mediawiki_is_current(wiki_file: Path, folder: Path) -> bool:
    """Whether the folder holds a MediaWiki made of this demo wiki by this program."""
    try:
        return (folder / MARKER).read_text() == _origin(wiki_file)
    except OSError:
        return False


def _origin(wiki_file: Path) -> str:
    """A hash of everything the folder's content depends on."""
    digest = sha256(wiki_file.read_bytes())
    own = Path(__file__).parent
    sources = [own / name for name in ("install.py", "database.py", "export.py")]
    for source in (*sources, own / "php" / SETTINGS, MEDIAWIKI / "includes/Defines.php"):
        digest.update(source.read_bytes())
    return digest.hexdigest() + "\n"


def _make(store: WikiStore, folder: Path, progress: Progress) -> None:
    progress("installing", 0, 1)
    _create_tables(folder)
    _write_settings(store, folder)
    progress("installing", 1, 1)
    dump = folder / "dump.xml"
    with dump.open("w", encoding="utf-8") as stream:
        pages = write_dump(store, stream)
    for done in _import(folder, dump):
        progress("importing pages", done, pages)
    progress("importing pages", pages, pages)
    dump.unlink()
    progress("conforming", 0, 1)
    conform(folder / "data/enwiki.sqlite", store)
    progress("conforming", 1, 1)


def _create_tables(folder: Path) -> None:
    for name in ("data", "cache", "docroot", "installer"):
        (folder / name).mkdir(parents=True)
    options = {
        "dbtype": "sqlite",
        "dbname": "enwiki",
        "dbpath": str(folder / "data"),
        "confpath": str(folder / "installer"),
        "scriptpath": "/w",
        "server": "http://127.0.0.1",
        "lang": "en",
        "skins": "",
        # Of an account that is deleted again with the rest of the installer's content.
        "pass": secrets.token_urlsafe(24),
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    _run([*_script("install.php"), *flags, "Wikipedia", "Installer"], {})
    rmtree(folder / "installer")


def _write_settings(store: WikiStore, folder: Path) -> None:
    facts = {
        "answer_bytes": MAX_BYTES,
        "now": store.meta()["now"],
        "groups": sorted({group for user in store.users() for group in user.groups}),
        "namespaces": {
            number: name
            for number, name in WIKIPEDIA.names.items()
            if number > LAST_STANDARD_NAMESPACE
        },
    }
    (folder / "demo.json").write_text(json.dumps(facts, ensure_ascii=False))
    copy(Path(__file__).parent / "php" / SETTINGS, folder)


def _import(folder: Path, dump: Path) -> Iterator[int]:
    """Import the dump, and yield the number of pages whenever some more are done."""
    command = [*_script("importDump.php"), "--no-updates", f"--report={REPORT_PAGES}", str(dump)]
    environment = os.environ | settings_of(folder)
    output = b""
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            output += line
            if match := _PAGES_DONE.match(line):
                yield int(match[1])
    _check(command, process.returncode, output)


def settings_of(folder: Path) -> dict[str, str]:
    """The environment by which MediaWiki finds the folder's settings."""
    return {"MW_CONFIG_FILE": str((folder / SETTINGS).resolve())}


def _script(name: str) -> list[str]:
    return ["php", str(MEDIAWIKI / "maintenance" / name)]


def _run(command: Sequence[str], environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        command, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    _check(command, done.returncode, done.stdout)


def _check(command: Sequence[str], code: int, output: bytes) -> None:
    if code:
        text = output.decode(errors="replace")[-2000:]
        raise InstallFailed(f"{Path(command[1]).name} ended with {code}:\n{text}")

"""MediaWiki and PHP as Debian packages of this machine."""

import subprocess
from pathlib import Path

from liftwing_demo.mediawiki.errors import PackagesMissing

SCRIPT = Path(__file__).parents[3] / "tools/setup/mediawiki.sh"


def require_packages() -> None:
    """Install what is missing, where this user may; takes 0.1 s if nothing is.

    Raises:
        PackagesMissing: with the command that somebody has to run.
    """
    done = subprocess.run([SCRIPT], stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise PackagesMissing(done.stderr.strip())

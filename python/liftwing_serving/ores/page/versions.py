"""The document of versions: the front's own, and those of the models behind it. Pure functions."""

from __future__ import annotations

from liftwing_serving import __version__
from liftwing_serving.ores.page.documents import Models
from liftwing_serving.ores.page.frame import document
from liftwing_serving.ores.page.html import Markup, joined, text


def versions_page(wikis: Models, root: str) -> str:
    """A table of all components; a model whose server could not be asked has no version."""
    rows = [_row("liftwing-serving", __version__)]
    for wiki, models in wikis.items():
        rows += [_row(f"{wiki}-{kind}", version) for kind, version in models.items()]
    content = (
        "<header><h1>Versions</h1></header>\n<main>\n"
        '<div class="wide"><table class="plain"><caption>Components and their versions</caption>'
        '<thead><tr><th scope="col">Component</th><th scope="col">Version</th></tr></thead>'
        f"<tbody>{joined(rows)}</tbody></table></div>\n"
        f'<p>The models are also listed <a href="{root}v3/scores/">as JSON</a>.</p>\n'
        f'<p><a href="{root}">All changes</a>, <a href="{root}ui/">a form to try the models</a></p>'
        "\n</main>"
    )
    return document("Versions", content, root)


def _row(name: str, version: str | None) -> Markup:
    told = text(version) if version else Markup('<span class="none">not known now</span>')
    return Markup(f'<tr><th scope="row">{text(name)}</th><td>{told}</td></tr>')

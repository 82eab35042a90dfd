"""What all documents of the page have around them. Pure functions."""

from __future__ import annotations

from liftwing_serving.ores.page.html import text


def document(title: str, content: str, root: str, script: bool = False) -> str:
    """A whole document. `root` leads from its address to that of the front's page."""
    added = f'<script src="{root}static/page.js" type="module"></script>\n' if script else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{text(title)}</title>\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f'<link rel="icon" href="{root}static/icon.svg" type="image/svg+xml">\n'
        f'<link rel="stylesheet" href="{root}static/page.css">\n{added}</head>\n'
        f"<body>\n{content}\n</body>\n</html>\n"
    )

"""From a template and its context to one HTML file with style, script and images inside.

Autoescape is on, and a content security policy in the page allows exactly the files that it was built with: even if
text from outside became markup, no script of it could run and nothing could be loaded.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_HERE = Path(__file__).parent


def render(
    template: str,
    context: Mapping[str, Any],
    *,
    styles: Sequence[str] = ("page.css",),
    scripts: Sequence[str] = ("player.js",),
    media: bool = False,
) -> str:
    """The page `templates/{template}` with `context`, and these files of `static/`, scripts in the order given; with
    `media`, it may show videos that lie beside it."""
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    own: dict[str, Any] = {
        "styles": [Markup(_static(name)) for name in styles],
        "scripts": [Markup(_static(name)) for name in scripts],
    }
    own["policy"] = _policy(own["styles"], own["scripts"], media)
    return environment.get_template(template).render({**context, **own})


def data_uri(data: bytes, kind: str) -> str:
    """Bytes of a media type such as `image/webp` as a data URI."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _static(name: str) -> str:
    return (_HERE / "static" / name).read_text(encoding="utf-8")


def _policy(styles: Sequence[str], scripts: Sequence[str], media: bool) -> str:
    def sources(texts: Sequence[str]) -> str:
        digests = (hashlib.sha256(text.encode()).digest() for text in texts)
        return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)

    # Of a page opened from disk, 'self' is nothing.
    beside = "media-src 'self' file:; " if media else ""
    return (
        f"default-src 'none'; img-src data:; {beside}style-src {sources(styles)}; script-src {sources(scripts)}; "
        "base-uri 'none'; form-action 'none'"
    )

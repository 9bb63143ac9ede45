"""From a template and its context to one HTML file with style, script and images inside.

Autoescape is on, and a content security policy in the page allows exactly the two files that it was built with: even
if text from outside became markup, no script of it could run and nothing could be loaded.
"""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_HERE = Path(__file__).parent


def render(template: str, context: Mapping[str, Any]) -> str:
    """The page `templates/{template}` with `context`, style `static/page.css` and script `static/player.js`."""
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    style, script = (_static(name) for name in ("page.css", "player.js"))
    own = {"style": Markup(style), "script": Markup(script), "policy": _policy(style, script)}
    return environment.get_template(template).render({**context, **own})


def data_uri(data: bytes, kind: str) -> str:
    """Bytes of a media type such as `image/webp` as a data URI."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _static(name: str) -> str:
    return (_HERE / "static" / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    def source(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    return (
        f"default-src 'none'; img-src data:; style-src {source(style)}; script-src {source(script)}; "
        "base-uri 'none'; form-action 'none'"
    )

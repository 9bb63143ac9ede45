"""Sheets: what raters tick on paper or on the screen, one HTML file each, and all of them as one PDF."""

import base64
import io
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from datasets.files import write_bytes
from evaluation.report.document import render

FRAMES = 5
"""Frames in a film strip."""
_GAP = 2
_QUALITY = 92
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_SECONDS = 180


@dataclass(frozen=True)
class Strip:
    """Some frames of a clip side by side.

    Attributes:
        jpeg: the picture's bytes.
        size: width and height in pixels.
    """

    jpeg: bytes
    size: tuple[int, int]


def film_strip(frames: np.ndarray) -> Strip:
    """Five evenly spaced frames of uint8 [T, H, W, 3], or all if there are fewer."""
    from PIL import Image

    chosen = frames[np.linspace(0, len(frames) - 1, min(FRAMES, len(frames))).round().astype(int)]
    parts = [np.pad(frame, ((0, 0), (0, _GAP), (0, 0)), constant_values=255) for frame in chosen]
    picture = np.concatenate(parts, axis=1)[:, :-_GAP]
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=_QUALITY, subsampling=0)
    return Strip(buffer.getvalue(), (picture.shape[1], picture.shape[0]))


def render_sheets(
    sheets: Sequence[tuple[int, str, Sequence[str]]],
    strips: Mapping[str, Strip],
    *,
    study: str,
    links: str | None,
    address: str | None,
    instructions: Sequence[str],
    consent: Sequence[str],
) -> str:
    """One document with some sheets.

    Args:
        sheets: (number, id, item ids).
        strips: of every item of the study; all are embedded at the length of the longest.
        study: hash of the study.
        links: address of the page from the document, relative or whole; None for no links.
        address: of the page on the web, for people who read the sheet on paper; None where it is not known.
        instructions, consent: paragraphs.
    """
    length = max(len(strip.jpeg) for strip in strips.values())
    return render(
        "study/sheet.html",
        {
            "title": f"Sheet {sheets[0][0]}" if len(sheets) == 1 else f"{len(sheets)} sheets",
            "study": study,
            "links": links,
            "address": address,
            "instructions": instructions,
            "consent": consent,
            "sheets": [
                {"number": number, "id": sheet, "entries": [_entry(item, strips[item], length) for item in items]}
                for number, sheet, items in sheets
            ],
        },
        styles=("page.css", "study.css"),
        scripts=(),
    )


def _entry(item: str, strip: Strip, length: int) -> dict[str, object]:
    # Readers of JPEG stop at its end marker, so what follows pads it.
    data = base64.b64encode(strip.jpeg.ljust(length, b"\0")).decode()
    width, height = strip.size
    return {"id": item, "strip": f"data:image/jpeg;base64,{data}", "width": width, "height": height}


def find_browser() -> str | None:
    """The Chromium or Chrome that can print, if there is one."""
    return next(filter(None, map(shutil.which, _BROWSERS)), None)


def write_pdf(path: Path, html: str, browser: str) -> str | None:
    """Print a document to a PDF without dates; returns None, or why it could not be done in a few words."""
    with tempfile.TemporaryDirectory() as scratch:
        source, target = Path(scratch, "sheets.html"), Path(scratch, "sheets.pdf")
        source.write_text(html, encoding="utf-8")
        command = [
            browser,
            "--headless",
            "--disable-gpu",
            "--no-pdf-header-footer",
            f"--user-data-dir={scratch}/profile",
        ]
        if os.geteuid() == 0:
            command.append("--no-sandbox")  # as root it does not start with one
        try:
            subprocess.run(
                [*command, f"--print-to-pdf={target}", source.as_uri()],
                check=True,
                timeout=_SECONDS,
                capture_output=True,
            )
            data = target.read_bytes()
        except subprocess.TimeoutExpired:
            return f"{browser} took longer than {_SECONDS} s"
        except (OSError, subprocess.CalledProcessError) as error:
            return f"{browser} failed ({type(error).__name__})"
    write_bytes(path, re.sub(rb"\(D:\d{14}", b"(D:20000101000000", data))
    return None

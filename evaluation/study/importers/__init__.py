"""Answers out of the files of several platforms, recognised by what is in them.

Role: a module a format, each a function of a text that gives answers; nothing here knows a study's key. Columns are
found by name. Whatever a file holds, reading it costs at most `MAX_BYTES` of text, runs nothing and resolves nothing.
Layer: below `evaluation.study.importing`, which checks the answers against the key.
"""

import codecs
from pathlib import Path

from datasets.errors import InputError
from evaluation.study.importers import mturk_csv, mturk_xml, page
from evaluation.study.importers.found import Found
from evaluation.study.importers.tables import read_table

MAX_BYTES = 64 * 2**20


def read_answers(path: Path) -> Found:
    """The answers of a page's export (CSV or JSON), an MTurk batch results CSV, or MTurk assignments (XML or JSON).

    Raises:
        InputError: the file is missing, too large, damaged, or none of these.
    """
    text = _text(path)
    start = text.lstrip()[:1]
    name = path.name
    if start == "<":
        return mturk_xml.read_xml(text, name)
    if start in ("{", "["):
        value = page.parse_json(text, name)
        return mturk_xml.read_response(value, name) if mturk_xml.is_response(value) else page.read_exports(value, name)
    table = read_table(text, name)
    if mturk_csv.is_batch(table.columns):
        return mturk_csv.read_batch(table, name)
    if page.is_export(table.columns):
        return page.read_rows(table, name)
    missing = [column for column in page.NEEDED if column not in table.columns]
    raise InputError(
        f"{path}: neither a page's export (no column {missing[0]}) nor an MTurk batch (no WorkerId); "
        "give the file as it was downloaded"
    )


def _text(path: Path) -> str:
    """The file as text: UTF-8, or UTF-16 where its first bytes say so.

    Raises:
        InputError: it cannot be read.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InputError(f"{path}: has {size} bytes, and at most {MAX_BYTES} are read; split the file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check its name") from error
    if len(data) > MAX_BYTES:  # a pipe, or a file that grows
        raise InputError(f"{path}: at most {MAX_BYTES} bytes are read; split the file")
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8; save it as UTF-8 text, or give the file as it was downloaded") from error
    if not text.strip():
        raise InputError(f"{path}: is empty; give the file as it was downloaded")
    if "\0" in text:
        raise InputError(f"{path}: holds bytes that are no text; give the file as it was downloaded")
    return text

import hashlib
import os
import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.errors import InputError
from datasets.files import append_line, read_json, replacing, sha256_of, write_bytes, write_json, write_text


def test_replacing_leaves_the_old_file_until_the_end(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
        assert temporary.parent == path.parent
        assert temporary.suffix == ".txt"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_replacing_leaves_no_trace_of_a_failure(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_full_disk_is_one_line_and_leaves_the_old_file(tmp_path, full_disk):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(InputError, match="disk is full") as caught:
        write_bytes(path, b"x" * 100_000)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_folders_are_made_and_permissions_follow_the_umask(tmp_path):
    old = os.umask(0o027)
    try:
        write_text(tmp_path / "new" / "folder" / "a.txt", "x")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "new" / "folder" / "a.txt").stat().st_mode) == 0o640


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(value=json_values)
@settings(max_examples=50, deadline=None)
def test_json_comes_back(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "value.json"
    write_json(path, value)
    assert read_json(path, "remedy") == value


def test_json_with_nan_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"x": float("nan")})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe"])
def test_json_that_is_none_is_one_line_with_the_remedy(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.json: not readable as JSON; delete it$"):
        read_json(path, "delete it")
    with pytest.raises(InputError, match=r"b\.json: no such file; make it$"):
        read_json(tmp_path / "b.json", "make it")


@given(data=st.binary(max_size=2000))
@settings(max_examples=20, deadline=None)
def test_sha256_is_that_of_the_bytes(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "data.bin"
    write_bytes(path, data)
    assert path.read_bytes() == data
    assert sha256_of(path) == hashlib.sha256(data).hexdigest()


def test_a_log_grows_by_lines_and_a_full_disk_is_one_line(tmp_path):
    append_line(tmp_path / "a.log", "one")
    append_line(tmp_path / "a.log", "two")
    assert (tmp_path / "a.log").read_text() == "one\ntwo\n"
    with pytest.raises(InputError, match="/dev/full: cannot be written: the disk is full"):
        append_line("/dev/full", "three")

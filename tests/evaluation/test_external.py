"""Samples from outside: what is read, in which order, what is refused, and what is done to the rest."""

import tempfile
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from datasets.clip import make_clip, save_clip
from datasets.encode import write_gif, write_mp4, write_png_folder
from datasets.errors import InputError
from datasets.resize import resize_frames
from evaluation.external import (
    MOST,
    check_name,
    parse_external,
    read_sample,
    read_samples,
    sample_files,
)

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def clip_of(count=5, height=32, width=48, seed=0):
    """Smooth colours that a palette and a codec change little."""
    t, y, x = np.ogrid[:count, :height, :width]
    waves = [np.sin(x / (7 + c) + y / 9 + (t + seed) * 0.7) for c in range(3)]
    return make_clip(np.stack([np.rint(127 + 90 * wave) for wave in waves], axis=-1).astype(np.uint8))


REAL = clip_of()


def put(folder, name, clip):
    """A clip as a file of the format that the name says; a name without one is a folder of frames."""
    folder.mkdir(parents=True, exist_ok=True)
    writers = {".gif": write_gif, ".mp4": write_mp4, ".npz": save_clip, "": write_png_folder}
    path = folder / name
    writers[path.suffix](path, clip)
    return path


def refused(call, *arguments, **options):
    with pytest.raises(InputError) as caught:
        call(*arguments, **options)
    message = str(caught.value)
    assert "\n" not in message and ";" in message  # one line, and a remedy
    return message


@pytest.mark.parametrize(("name", "error"), [("a.gif", 4), ("a.mp4", 4), ("a.npz", 0), ("frames", 0)])
def test_every_format_is_read(tmp_path, name, error):
    """Without loss where the format has none; palettes and codecs are off by some grey levels."""
    path = put(tmp_path, name, clip_of(seed=3))
    sample = read_sample(path, REAL, resize=False)
    assert (sample.file, sample.frames.shape, sample.frames.dtype, sample.notes) == (path, (5, 32, 48, 3), np.uint8, ())
    off = np.abs(sample.frames.astype(float) - clip_of(seed=3).frames).mean()
    assert off <= error
    assert (off == 0) == (error == 0)


def test_natural_order_and_nothing_but_samples(tmp_path):
    names = ["10.gif", "2.GIF", "1.mp4", "b2.png", "b10.png", "sample 3.npz", "0.webp"]
    for name in [*names, ".hidden.gif", "._1.mp4", "notes.txt", "weights.pth", "README"]:
        (tmp_path / "desert" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "desert" / name).write_bytes(b"x")
    for folder, file in (("frames-9", "1.png"), ("empty", None), ("texts", "a.txt"), (".cache", "1.png")):
        (tmp_path / "desert" / folder).mkdir()
        if file:
            (tmp_path / "desert" / folder / file).write_bytes(b"x")
    expected = ["0.webp", "1.mp4", "2.GIF", "10.gif", "b2.png", "b10.png", "frames-9", "sample 3.npz"]
    assert [path.name for path in sample_files(str(tmp_path), "desert")] == expected
    assert sample_files(f"{tmp_path}/{{clip}}", "desert") == sample_files(str(tmp_path), "desert")
    assert sample_files(f"{tmp_path}/{{clip}}/../{{clip}}", "desert")[0].name == "0.webp"


@example(["1", "01", "001"])
@given(st.lists(st.from_regex(r"[a-z]{0,2}0?[0-9]{0,2}", fullmatch=True), unique=True, min_size=1, max_size=8))
def test_the_order_does_not_depend_on_that_of_the_disk(stems):
    found = []
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"x{stem}.gif" for stem in stems]
        for order in (paths, paths[::-1]):
            with mock.patch.object(Path, "iterdir", lambda place, order=order: iter(order)):
                found.append(sample_files(folder, "."))
    assert found[0] == found[1] and sorted(found[0]) == sorted(paths)


def test_longer_samples_are_cut_and_larger_ones_resized_and_both_are_said(tmp_path):
    long, large = clip_of(9, 40, 60), clip_of(5, 40, 60)
    cut = read_sample(put(tmp_path, "long.npz", clip_of(9)), REAL, resize=False)
    np.testing.assert_array_equal(cut.frames, clip_of(9).frames[:5])
    assert cut.notes == ("first 5 frames",)
    resized = read_sample(put(tmp_path, "large.npz", large), REAL, resize=True)
    np.testing.assert_array_equal(resized.frames, resize_frames(large.frames, 32, 48))
    assert resized.notes == ("resized from 60x40",)
    both = read_sample(put(tmp_path, "both.npz", long), REAL, resize=True)
    np.testing.assert_array_equal(both.frames, resize_frames(long.frames[:5], 32, 48))
    assert both.notes == ("first 5 frames", "resized from 60x40")


def test_what_cannot_be_used_is_named_with_the_reason_and_the_rest_is_read(tmp_path):
    good = put(tmp_path, "1.gif", clip_of())
    still = tmp_path / "5.png"
    Image.fromarray(REAL.frames[0]).save(still)
    (tmp_path / "6.mp4").write_bytes(put(tmp_path, "whole.mp4", clip_of()).read_bytes()[:700])
    (tmp_path / "7.gif").write_bytes(good.read_bytes()[:-900])
    (tmp_path / "8.gif").write_text("no video")
    bad = {
        put(tmp_path, "2.npz", clip_of(4)): "has 4 frames, the real clip 5",
        put(tmp_path, "3.npz", clip_of(5, 32, 50)): "its frames are 50x32, the real clip's 48x32",
        put(tmp_path, "4", clip_of(2)): "has 2 frames",
        still: "",
        tmp_path / "6.mp4": "",
        tmp_path / "7.gif": "",
        tmp_path / "8.gif": "is no video that can be read",
        tmp_path / "9.gif": "no such file",
    }
    files = [*bad, good]
    samples, errors = read_samples(files, REAL, resize=False)
    assert [sample.file for sample in samples] == [good]
    assert len(errors) == len(bad)
    for error, (path, reason) in zip(errors, bad.items(), strict=True):
        message = str(error)
        assert message.startswith(f"{path}: ") and reason in message and ";" in message and "\n" not in message
    assert len(read_samples(files, REAL, resize=True)[0]) == 2  # the one of another size too


def test_a_folder_that_holds_nothing_is_named_with_the_remedy(tmp_path):
    assert str(tmp_path / "desert") in refused(sample_files, str(tmp_path), "desert")
    assert f"{tmp_path}/x-desert" in refused(sample_files, f"{tmp_path}/x-{{clip}}", "desert")
    (tmp_path / "desert").mkdir()
    (tmp_path / "desert" / ".DS_Store").write_bytes(b"x")
    assert str(tmp_path / "desert") in refused(sample_files, str(tmp_path), "desert")
    (tmp_path / "birds").write_bytes(b"a file")
    assert str(tmp_path / "birds") in refused(sample_files, str(tmp_path), "birds")
    for number in range(MOST + 1):
        (tmp_path / "desert" / f"{number}.gif").touch()
    assert f"holds {MOST + 1} files" in refused(sample_files, str(tmp_path), "desert")


@pytest.mark.parametrize(
    "name", ["", "a/b", "../a", "/", ".", "..", "...", "-a", "_a", "a b", "a\n", "ä", "{clip}", "a" * 65, "<b>"]
)
def test_names_that_cannot_stand_in_paths_are_refused(name):
    assert "choose another" in refused(check_name, name)
    assert refused(parse_external, f"{name}=folder")


@given(st.text(alphabet=LETTERS + "0123456789._-", min_size=1, max_size=64).filter(lambda name: name[0] not in "._-"))
def test_other_names_are_taken(name):
    assert check_name(name) == name
    assert parse_external(f"{name}=a=b/{{clip}}") == (name, "a=b/{clip}")


@pytest.mark.parametrize("assignment", ["", "mine", "mine=", "=folder"])
def test_half_an_assignment_is_refused(assignment):
    with pytest.raises(InputError, match=r"not of the form NAME=FOLDER|choose another"):
        parse_external(assignment)

import re

import pytest

from datasets.catalogue import entries, find, ids
from datasets.decode import read_video
from datasets.errors import InputError
from datasets.files import sha256_of


def test_the_nine_scenes_of_the_paper_five_of_them_published():
    scenes = {"clouds", "waterfall", "desert", "cliff", "sunset", "seashore", "night", "river", "birds"}
    assert len(ids()) == 9 and set(ids()) == scenes
    published = [entry for entry in entries() if entry.published]
    assert {entry.id for entry in published} == {"waterfall", "seashore", "desert", "birds", "cliff"}
    for entry in published:
        assert entry.url.startswith("https://")
        assert re.fullmatch("[0-9a-f]{64}", entry.sha256)
        assert entry.bytes > 0
        assert "no licence" in entry.licence
        assert entry.credit
    assert len({entry.sha256 for entry in published}) == 5


def test_what_was_not_published_claims_nothing():
    for entry in entries():
        if not entry.published:
            assert (entry.url, entry.sha256, entry.bytes, entry.credit, entry.licence) == (None,) * 5


def test_every_entry_can_be_trained_on():
    for entry in entries():
        assert min(entry.width, entry.height) >= 25
        assert 8 <= entry.frames <= 32  # the paper's range
        assert entry.delay_ms >= 20


def test_find_returns_the_entry():
    assert [find(id) for id in ids()] == list(entries())


def test_a_slip_of_the_finger_leads_to_the_nearest():
    for id in ids():
        for position in range(len(id)):
            with pytest.raises(InputError, match=f"did you mean '{id}'"):
                find(id[:position] + id[position + 1 :])


def test_the_papers_word_leads_to_our_id():
    with pytest.raises(InputError, match="unknown clip 'mountains'; did you mean 'cliff'"):
        find("mountains")


def test_the_published_files_are_what_the_catalogue_says(real_stage):
    checked = 0
    for entry in entries():
        path = real_stage / "clips" / f"{entry.id}.gif"
        if not entry.published or not path.is_file():
            continue
        clip = read_video(path)
        assert sha256_of(path) == entry.sha256
        assert path.stat().st_size == entry.bytes
        assert clip.size == (entry.height, entry.width)
        assert list(clip.delays_ms) == [entry.delay_ms] * entry.frames
        checked += 1
    assert checked

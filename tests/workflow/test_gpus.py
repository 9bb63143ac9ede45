"""Local trainings share out GPUs: never two on one, none kept by the dead, and who must wait says so."""

import itertools
import multiprocessing
import os
import time

import pytest

from datasets.errors import InputError
from workflow import gpus
from workflow.gpus import claimed_gpu, training_device, visible_gpus


@pytest.mark.parametrize(
    ("count", "variable", "ids"),
    [
        (2, None, ["0", "1"]),
        (0, None, []),
        (1, "3", ["3"]),
        (2, "GPU-8f2a, 1", ["GPU-8f2a", "1"]),
        (0, "", []),
        (0, "-1", []),
    ],
)
def test_visible_gpus(count, variable, ids):
    assert visible_gpus(count, {} if variable is None else {"CUDA_VISIBLE_DEVICES": variable}) == ids


def _job(folder, ids, spans, seconds):
    with claimed_gpu(ids, folder, str, wait_seconds=0.02) as gpu:
        began = time.monotonic()
        time.sleep(seconds)
        spans.put((gpu, began, time.monotonic()))


def test_no_two_jobs_hold_one_gpu_and_all_are_used(tmp_path):
    context = multiprocessing.get_context("fork")
    spans = context.Queue()
    jobs = [context.Process(target=_job, args=(tmp_path, ["0", "GPU/x"], spans, 0.3)) for _ in range(5)]
    for job in jobs:
        job.start()
    found = sorted((spans.get(timeout=60) for _ in jobs), key=lambda span: span[1])
    for job in jobs:
        job.join()
    assert {gpu for gpu, *_ in found} == {"0", "GPU/x"}
    for gpu in ("0", "GPU/x"):
        mine = [(began, ended) for chosen, began, ended in found if chosen == gpu]
        assert all(first[1] <= second[0] for first, second in itertools.pairwise(mine))


def test_who_must_wait_says_so_once_and_gets_it_then(tmp_path):
    context = multiprocessing.get_context("fork")
    said, got, taken = context.Queue(), context.Queue(), context.Event()

    def wait():
        taken.wait()
        with claimed_gpu(["0"], tmp_path, said.put, wait_seconds=0.01) as gpu:
            got.put(gpu)

    # Started before the lock is there: a forked process would hold its parent's.
    waiter = context.Process(target=wait, daemon=True)
    waiter.start()
    with claimed_gpu(["0"], tmp_path, print):
        taken.set()
        assert "all GPUs (0) are taken" in said.get(timeout=30)
        assert got.empty()
    assert got.get(timeout=30) == "0" and said.empty()


def test_a_killed_job_gives_its_gpu_back(tmp_path):
    context = multiprocessing.get_context("fork")
    held = context.Event()

    def hold():
        with claimed_gpu(["0"], tmp_path, print):
            held.set()
            time.sleep(60)

    holder = context.Process(target=hold)
    holder.start()
    assert held.wait(30)
    holder.kill()
    holder.join()
    lines = []
    with claimed_gpu(["0"], tmp_path, lines.append) as gpu:
        assert gpu == "0" and not lines


def test_a_folder_of_another_user_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.raises(InputError, match="TMPDIR"), claimed_gpu(["0"], tmp_path, print):
        pass


def test_without_a_gpu_it_is_the_cpu_and_only_who_asked_for_one_is_told(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    lines = []
    with training_device(False, lines.append) as device:
        assert device.type == "cpu" and lines == []
    with training_device(True, lines.append) as device:
        assert device.type == "cpu" and "none is here" in lines[0]


def test_a_gpu_that_a_scheduler_gave_is_named(monkeypatch, tmp_path):
    import torch

    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    monkeypatch.setattr(gpus, "lock_folder", lambda: tmp_path / "locks")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    lines = []
    with training_device(True, lines.append) as device:
        assert device == torch.device("cuda", 0) and lines == ["GPU 1"]


def test_jobs_of_a_scheduler_do_not_wait_for_each_other(monkeypatch, tmp_path):
    """Two jobs of a node may each see a GPU 0 of their own; local trainings within one of them share its GPUs out."""
    monkeypatch.setattr(gpus.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    folders = [gpus.lock_folder()]
    for number in ("17", "18", "../18"):
        monkeypatch.setenv("SLURM_JOB_ID", number)
        folders.append(gpus.lock_folder())
    assert len(set(folders[:3])) == 3 and folders[3] == folders[2]
    assert all(folder.parent == tmp_path for folder in folders)

"""The encoder: shapes, types, scaling of the input, one frame independent of the others."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.errors import InputError
from evaluation.encoders import LAYERS, stem
from evaluation.encoders.encoder import Encoder, load_encoder
from evaluation.encoders.location import obtain_stem
from evaluation.encoders.random_stem import SEEDS, random_stem


def frames(count=3, height=27, width=34, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("layer", LAYERS.values(), ids=lambda layer: layer.name)
def test_features_are_the_stems_of_frames_scaled_to_minus_one_to_one(layer):
    encoder = Encoder("random-inception", layer.name, [random_stem(0)])
    clip = frames()
    x = torch.tensor(2 * (clip / 255) - 1, dtype=torch.float32).permute(0, 3, 1, 2)
    weights = {name: torch.tensor(array) for name, array in random_stem(0).items()}
    expected = stem.features(x, weights, layer.name)
    blocks = list(encoder.features(clip))
    assert len(blocks) == len(clip)
    for block, whole in zip(blocks, expected, strict=True):
        assert block.dtype == np.float32 and block.shape == (whole[0].numel(), layer.dims)
        np.testing.assert_allclose(block, whole.flatten(1).T.numpy(), rtol=1e-4, atol=1e-5)


@given(data=st.data(), count=st.integers(1, 5))
@settings(deadline=None, max_examples=10)
def test_a_frame_does_not_depend_on_those_beside_it(data, count):
    encoder = Encoder("random-inception", "pre-pool2", [random_stem(0)])
    clip = frames(count)
    index = data.draw(st.integers(0, count - 1))
    alone = next(encoder.features(clip[index : index + 1]))
    assert np.array_equal(list(encoder.features(clip))[index], alone)


def test_the_number_of_threads_changes_neither_features_nor_itself():
    # With biases: it is their rounding that depends on the kernel.
    weights = {name: array + np.float32(0.3) for name, array in random_stem(0).items()}
    encoder = Encoder("inception-fid", "pre-pool2", [weights])
    clip = frames(1, 168, 298)
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(next(encoder.features(clip)))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert all(np.array_equal(found[0], other) for other in found[1:])


def test_random_inception_has_a_network_a_seed():
    encoder = load_encoder("random-inception")
    assert encoder.members == len(SEEDS) and encoder.dims == 192
    blocks = [next(encoder.features(frames(1), member)) for member in range(encoder.members)]
    assert all(not np.allclose(blocks[0], other) for other in blocks[1:])
    # Useful scale: neither vanishing nor exploding through five layers.
    assert all(0.1 < block.std() < 10 for block in blocks)


def test_weights_from_a_file_are_the_same_encoder(tmp_path):
    obtain_stem("random-inception", tmp_path / "stem.safetensors")
    found = load_encoder("random-inception", tmp_path / "stem.safetensors", "pre-pool1")
    computed = load_encoder("random-inception", layer="pre-pool1")
    assert found.identity == computed.identity and found.dims == 64
    assert np.array_equal(next(found.features(frames(1), 2)), next(computed.features(frames(1), 2)))


@pytest.mark.parametrize("layer", LAYERS.values(), ids=lambda layer: layer.name)
def test_frames_too_small_for_the_layer_are_refused(layer):
    encoder = Encoder("random-inception", layer.name, [random_stem(0)])
    assert next(encoder.features(frames(1, layer.min_side, layer.min_side))).shape == (1, layer.dims)
    with pytest.raises(InputError, match=f"too small for layer {layer.name}; it needs at least {layer.min_side}"):
        encoder.features(frames(1, 40, layer.min_side - 1))


def test_frames_must_be_uint8_rgb():
    encoder = Encoder("random-inception", "pre-pool2", [random_stem(0)])
    for wrong in (frames().astype(np.float32), frames()[0], frames()[..., :2]):
        with pytest.raises(ValueError, match="frames must be uint8"):
            encoder.features(wrong)


def test_an_unknown_layer_is_refused_before_weights_are_looked_for():
    with pytest.raises(InputError, match="did you mean pre-pool2"):
        load_encoder("inception-fid", layer="pre-pool3")


def test_registries_and_statistics_do_not_import_torch():
    code = (
        "import sys, evaluation, evaluation.encoders.location, evaluation.metrics.sgfid, evaluation.metrics.diversity, "
        "evaluation.statistics, evaluation.controls, evaluation.__main__; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0

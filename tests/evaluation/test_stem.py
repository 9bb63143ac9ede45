"""The stem against torchvision's and pytorch-fid's own layers."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from datasets.errors import InputError
from evaluation.encoders import LAYERS, checkpoint, stem
from evaluation.encoders.random_stem import random_stem
from evaluation.encoders.weights import SHAPES


def random_inception() -> torch.nn.Module:
    """torchvision's network with random weights and, what a fresh one lacks, random running statistics."""
    from torchvision.models import inception_v3

    generator = torch.Generator().manual_seed(3)
    with torch.random.fork_rng():
        torch.manual_seed(4)
        network = inception_v3(weights=None, init_weights=False, aux_logits=False).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.copy_(torch.randn(module.running_mean.shape, generator=generator) * 0.1)
            module.running_var.copy_(torch.rand(module.running_var.shape, generator=generator) + 0.2)
            module.weight.data.copy_(torch.rand(module.weight.shape, generator=generator) + 0.5)
            module.bias.data.copy_(torch.randn(module.bias.shape, generator=generator) * 0.3)
    return network


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    return random_inception()


@pytest.fixture(scope="module")
def weights(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    state = {key: value.numpy() for key, value in network.state_dict().items()}
    return {name: torch.tensor(array) for name, array in checkpoint.fold_stem(state, "random").items()}


@torch.inference_mode()
def test_folded_stem_equals_torchvision_layer_by_layer(network, weights):
    x = torch.rand(2, 3, 61, 74, generator=torch.Generator().manual_seed(0)) * 2 - 1
    y = network.Conv2d_2b_3x3(network.Conv2d_2a_3x3(network.Conv2d_1a_3x3(x)))
    torch.testing.assert_close(stem.features(x, weights, "pre-pool1"), y, rtol=1e-4, atol=1e-5)
    y = network.Conv2d_4a_3x3(network.Conv2d_3b_1x1(network.maxpool1(y)))
    torch.testing.assert_close(stem.features(x, weights, "pre-pool2"), y, rtol=1e-4, atol=1e-5)


@torch.inference_mode()
def test_pooled_stem_equals_pytorch_fid(network, weights, monkeypatch):
    from pytorch_fid import inception

    monkeypatch.setattr(inception, "fid_inception_v3", lambda: network)
    theirs = inception.InceptionV3([0, 1], resize_input=False, normalize_input=True).eval()
    x = torch.rand(1, 3, 64, 80, generator=torch.Generator().manual_seed(1))
    for layer, expected in zip(("pre-pool1", "pre-pool2"), theirs(x), strict=True):
        ours = functional.max_pool2d(stem.features(2 * x - 1, weights, layer), kernel_size=3, stride=2)
        torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layer", LAYERS.values(), ids=lambda layer: layer.name)
@torch.inference_mode()
def test_min_side_is_the_least_that_gives_a_feature(layer):
    weights = {name: torch.tensor(array) for name, array in random_stem(0).items()}
    y = stem.features(torch.zeros(1, 3, layer.min_side, layer.min_side), weights, layer.name)
    assert y.shape == (1, layer.dims, 1, 1)
    with pytest.raises(RuntimeError):
        stem.features(torch.zeros(1, 3, layer.min_side - 1, 40), weights, layer.name)


@given(layer=st.sampled_from(list(LAYERS.values())), height=st.integers(0, 60), width=st.integers(0, 60))
@settings(deadline=None, max_examples=60)
@torch.inference_mode()
def test_places_are_those_of_the_map(layer, height, width):
    """Of any size from the least on; weights do not matter, so there are few channels."""
    height, width = layer.min_side + height, layer.min_side + width
    weights = {
        name: torch.zeros((1, 3 if "1a" in name else 1, *shape[2:]) if name.endswith(".weight") else (1,))
        for name, shape in SHAPES.items()
    }
    found = stem.features(torch.zeros(1, 3, height, width), weights, layer.name)
    assert stem.places(height, width, layer.name) == found.shape[2:]
    assert stem.places(width, height, layer.name) == found.shape[:1:-1]


def test_unknown_layer_is_refused():
    with pytest.raises(ValueError, match="pool3"):
        stem.features(torch.zeros(1, 3, 32, 32), {}, "pool3")


@given(seed=st.integers(0, 2**16))
@settings(deadline=None, max_examples=20)
def test_folding_is_what_batch_norm_does(seed):
    rng = np.random.default_rng(seed)
    weight = rng.standard_normal((4, 3, 3, 3)).astype(np.float32)
    gamma, beta, mean = rng.standard_normal((3, 4)).astype(np.float32)
    variance = rng.uniform(0.01, 3, 4).astype(np.float32)
    folded, bias = checkpoint.fold_batch_norm(weight, gamma, beta, mean, variance)
    x = torch.tensor(rng.standard_normal((1, 3, 6, 7)), dtype=torch.float64)
    parts = [torch.tensor(part, dtype=torch.float64) for part in (weight, mean, variance, gamma, beta, folded, bias)]
    expected = functional.batch_norm(functional.conv2d(x, parts[0]), *parts[1:5], eps=1e-3)
    torch.testing.assert_close(functional.conv2d(x, parts[5], parts[6]), expected, rtol=1e-5, atol=1e-5)


def test_a_state_without_a_layer_is_refused(network):
    state = {key: value.numpy() for key, value in network.state_dict().items() if "2b" not in key}
    with pytest.raises(InputError, match=r"some\.pth: not a checkpoint of Inception-v3"):
        checkpoint.fold_stem(state, "some.pth")


def test_a_checkpoint_is_read_by_its_checksum(network, tmp_path):
    import dataclasses

    from datasets.files import sha256_of
    from evaluation.encoders import ENCODERS

    path = tmp_path / "pt_inception-2015-12-05-6726825d.pth"
    torch.save(network.state_dict(), path)
    published = ENCODERS["inception-fid"]
    with pytest.raises(InputError, match=rf"{path.name}: sha256 .* fetch https://"):
        checkpoint.read_checkpoint(path, published)
    own = dataclasses.replace(published, sha256=sha256_of(path))
    state = {key: value.numpy() for key, value in network.state_dict().items()}
    for name, array in checkpoint.fold_stem(state, path).items():
        np.testing.assert_array_equal(checkpoint.read_checkpoint(path, own)[name], array)


def test_a_checkpoint_that_pickles_code_is_refused(tmp_path):
    import dataclasses
    import pickle

    from datasets.files import sha256_of
    from evaluation.encoders import ENCODERS

    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "owned"), "w"))

    path = tmp_path / "evil.pth"
    path.write_bytes(pickle.dumps(Evil(), protocol=2))
    spec = dataclasses.replace(ENCODERS["inception-fid"], sha256=sha256_of(path))
    with pytest.raises(InputError, match=r"evil\.pth: not a readable checkpoint"):
        checkpoint.read_checkpoint(path, spec)
    assert not (tmp_path / "owned").exists()

import pytest
import torch

from training.networks import (
    BlindUNetDesign,
    CompactDesign,
    published_state,
    start_from,
)


@pytest.fixture
def image() -> torch.Tensor:
    return torch.rand(1, 3, 64, 48, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("scale", [2, 4])
def test_a_fresh_upscaler_adds_little_to_the_nearest_enlargement(
    scale: int, image: torch.Tensor
) -> None:
    torch.manual_seed(0)
    network = CompactDesign(48, 10, scale).build()
    with torch.no_grad():
        result = network(image)
    assert result.shape == (1, 3, 64 * scale, 48 * scale)
    nearest = torch.nn.functional.interpolate(image, scale_factor=scale)
    assert (result - nearest).abs().mean() < 0.2


def test_a_fresh_denoiser_is_near_the_identity(image: torch.Tensor) -> None:
    torch.manual_seed(0)
    network = BlindUNetDesign((16, 16, 16, 16), 2).build()
    with torch.no_grad():
        assert (network(image) - image).abs().mean() < 0.1


def test_upscaling_a_part_equals_the_part_of_the_whole() -> None:
    torch.manual_seed(0)
    network = CompactDesign(8, 4, 2).build()
    image = torch.rand(1, 3, 48, 48)
    with torch.no_grad():
        whole = network(image)
        part = network(image[..., 8:40, 8:40])
    inner = slice(12, -12)  # Six 3 x 3 convolutions see six pixels far, at scale 2.
    difference = part[..., inner, inner] - whole[..., 16:80, 16:80][..., inner, inner]
    assert difference.abs().max() < 1e-5


def test_starting_from_another_scale_copies_all_but_the_last_layer() -> None:
    torch.manual_seed(0)
    source = CompactDesign(8, 4, 4).build()
    target = CompactDesign(8, 4, 2).build()
    copied = start_from(target, published_state(source))
    ours, theirs = published_state(target), published_state(source)
    equal = {name for name in ours if ours[name].equal(theirs[name])}
    assert copied == len(ours) - 2
    assert set(ours) - equal == {"body.10.weight", "body.10.bias"}


@pytest.mark.parametrize("scale", [2, 4])
def test_a_grown_network_computes_what_the_shallower_one_did(
    scale: int, image: torch.Tensor
) -> None:
    torch.manual_seed(0)
    small, large = CompactDesign(8, 4, scale).build(), CompactDesign(8, 7, scale).build()
    assert start_from(large, published_state(small)) == len(published_state(large))
    with torch.no_grad():
        assert (large(image) - small(image)).abs().max() < 1e-5

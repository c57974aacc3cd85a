from pathlib import Path

import pytest
import torch
from PIL import Image

from training.data import CropPool, Photos

CPU = torch.device("cpu")


def gradient(height: int, width: int) -> torch.Tensor:
    """An image whose pixels tell their own row (red), column (green) and image (blue)."""
    rows = torch.arange(height).view(-1, 1).expand(height, width)
    columns = torch.arange(width).view(1, -1).expand(height, width)
    return torch.stack([rows, columns, torch.full_like(rows, 7)]).to(torch.uint8)


def test_crops_are_squares_of_the_image_turned_in_all_eight_ways() -> None:
    pool = CropPool([([gradient(120, 200)], 1.0)], size=48, device=CPU)
    crops = (pool.crops(200, torch.Generator().manual_seed(0)) * 255).round().long()
    assert crops.shape == (200, 3, 48, 48)
    turns = set()
    for crop in crops:
        rows, columns, blue = crop
        assert (blue == 7).all()
        assert rows.max() - rows.min() == 47
        assert columns.max() - columns.min() == 47
        down = (int(plane[1, 0] - plane[0, 0]) for plane in (rows, columns))
        right = (int(plane[0, 1] - plane[0, 0]) for plane in (rows, columns))
        turns.add((*down, *right))
    assert len(turns) == 8


def test_crops_reach_the_borders_and_repeat_by_seed() -> None:
    pool = CropPool([([gradient(120, 200)], 1.0)], size=64, device=CPU)
    first = pool.crops(300, torch.Generator().manual_seed(5))
    assert torch.equal(first, pool.crops(300, torch.Generator().manual_seed(5)))
    assert not torch.equal(first, pool.crops(300, torch.Generator().manual_seed(6)))
    levels = (first * 255).round()
    assert levels[:, 0].min() == 0
    assert levels[:, 0].max() == 119
    assert levels[:, 1].max() == 199


def test_groups_are_drawn_by_their_shares() -> None:
    dark, light = torch.zeros(3, 64, 64).byte(), torch.full((3, 640, 640), 255).byte()
    pool = CropPool([([dark], 0.75), ([light], 0.25)], size=32, device=CPU)
    share = float(pool.crops(2000, torch.Generator().manual_seed(0)).mean())
    assert share == pytest.approx(0.25, abs=0.04)


def test_detail_is_drawn_more_often_than_flat_ground() -> None:
    image = torch.full((3, 256, 512), 128, dtype=torch.uint8)
    chance = torch.Generator().manual_seed(0)
    image[:, :, 256:] = torch.randint(0, 256, (3, 256, 256), generator=chance).byte()
    crops = CropPool([([image], 1.0)], size=32, device=CPU).crops(1000, chance)
    busy = (crops.std(dim=(1, 2, 3)) > 0.05).float().mean()
    assert 0.65 < busy < 0.9


def test_images_smaller_than_a_crop_are_left_out() -> None:
    small, large = torch.zeros(3, 40, 90).byte(), torch.full((3, 64, 64), 200).byte()
    pool = CropPool([([small, large], 1.0)], size=64, device=CPU)
    assert pool.crops(50, torch.Generator()).min() > 0.7
    with pytest.raises(ValueError, match="at least 128 pixels"):
        CropPool([([small, large], 1.0)], size=128, device=CPU)


def test_the_held_out_photo_is_not_trained_on(photos: Photos, data_folder: Path) -> None:
    assert len(photos.held_out) == 1
    with Image.open(data_folder / "photos" / "astronaut.png") as held_out:
        assert photos.held_out[0].shape == (3, held_out.height // 2, held_out.width // 2)
    sizes = {tuple(image.shape[1:]) for images, _ in photos.training for image in images}
    assert sizes == {(300, 451), (400, 600), (280, 420)}


def test_the_held_out_face_is_not_trained_on(photos: Photos) -> None:
    assert [image.shape for image in photos.faces] == [(3, 256, 256)] * 2
    assert [image.shape for image in photos.held_out_faces] == [(3, 256, 256)]
    assert not any(image.equal(photos.held_out_faces[0]) for image in photos.faces)


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="subfolder 'photos'"):
        Photos(tmp_path)

import pytest
import torch
from torch import nn

from training.data import Photos
from training.degradations import Draw, downscale
from training.face_crops import FaceCrops, FaceWear, HeldOutFaces, worn
from training.validation import psnr

CPU = torch.device("cpu")


def draw(seed: int = 0) -> Draw:
    return Draw(torch.Generator().manual_seed(seed), torch.Generator().manual_seed(seed + 1))


def test_pairs_are_small_worn_faces_and_large_clean_ones(photos: Photos) -> None:
    faces = FaceCrops(photos.faces, side=128, scale=2, device=CPU)
    given, target = faces.pairs(80, draw())
    assert given.shape == (80, 3, 64, 64)
    assert target.shape == (80, 3, 128, 128)
    assert torch.equal(given, given.mul(255).round().div(255))
    errors = (given - downscale(target, 2).clamp(0, 1)).abs().mean(dim=(1, 2, 3)) * 255
    assert 0.02 < float((errors < 0.3).float().mean()) < 0.25
    assert float(errors.max()) > 6
    assert (given.mean() - target.mean()).abs() < 0.01


def test_the_same_seed_gives_the_same_faces(photos: Photos) -> None:
    faces = FaceCrops(photos.faces, side=128, scale=4, device=CPU)
    first, again, other = (faces.pairs(4, draw(seed)) for seed in (1, 1, 2))
    assert torch.equal(first[0], again[0])
    assert not torch.equal(first[1], other[1])


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        (FaceWear(side=48), FaceWear(side=128)),
        (FaceWear(side=128, blur=1.5), FaceWear(side=128)),
        (FaceWear(side=128, motion=7, angle=0.5), FaceWear(side=128)),
        (FaceWear(side=128, noise=20), FaceWear(side=128, noise=5)),
        (FaceWear(side=128, quality=40), FaceWear(side=128, quality=90)),
    ],
)
def test_each_wear_costs_likeness(photos: Photos, worse: FaceWear, better: FaceWear) -> None:
    face = photos.faces[0][None].float() / 255
    bad, good = (worn(face, wear, 256, draw()) for wear in (worse, better))
    assert psnr(bad, face) < psnr(good, face) - 0.5


def test_a_shake_smears_along_its_angle() -> None:
    point = torch.zeros(1, 3, 64, 64)
    point[:, :, 32, 32] = 1
    smeared = worn(point, FaceWear(side=64, motion=9, angle=0.0), 64, draw())[0, 0]
    rows, columns = (smeared > 0.02).nonzero().unbind(1)
    assert int(rows.max() - rows.min()) == 0
    assert 8 <= int(columns.max() - columns.min()) <= 10
    assert float(smeared.sum()) == pytest.approx(1, abs=0.01)


def test_the_judge_knows_the_truth_from_the_input(photos: Photos) -> None:
    judge = HeldOutFaces(photos.held_out_faces, side=256, scale=4, device=CPU)
    assert 15 < judge.baseline < 40
    assert judge.score(nn.Upsample(scale_factor=4, mode="nearest")) < judge.baseline
    again = HeldOutFaces(photos.held_out_faces, side=256, scale=4, device=CPU)
    assert again.baseline == judge.baseline


def test_a_folder_without_faces_is_refused() -> None:
    with pytest.raises(ValueError, match="subfolder 'faces'"):
        FaceCrops((), side=64, scale=4, device=CPU)

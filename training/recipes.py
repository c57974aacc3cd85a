"""What is trained: each model's network, pairs, and settings for CPU, GPU and rehearsal."""

from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor

from training.backgrounds import Backgrounds
from training.data import CropPool, Photos
from training.degradations import (
    DENOISE_MARGIN,
    UPSCALE_MARGIN,
    Draw,
    denoise_pairs,
    upscale_pairs,
)
from training.discriminator import Adversary
from training.drawings import SIDE, drawings
from training.face_crops import FaceCrops, HeldOutFaces
from training.finder import FinderDesign
from training.finding import FindingObjective
from training.networks import BlindUNetDesign, CompactDesign
from training.objective import Objective, Recipe, Setting
from training.pixels import PixelObjective
from training.scenes import SceneMaker, face_pyramid
from training.validation import HeldOut
from training.vivid import VividObjective
from training.wear import DRAWINGS, lifelike_pairs

__all__ = ["RECIPES"]

_LEFTOVERS, _ROUGH, _CLEAN = 0.125, 0.5, 0.25
_STRUCTURE = 0.2
_PLAIN_DRAWINGS, _HELD_OUT_DRAWINGS = 0.25, 16


def _pool(photos: Photos, setting: Setting, size: int, device: torch.device) -> CropPool:
    """Crops of `size` px, a share of `setting.faces` of them from the faces."""
    groups = [(images, share * (1 - setting.faces)) for images, share in photos.training]
    return CropPool([*groups, (photos.faces, setting.faces)], size=size, device=device)


def _upscale(scale: int) -> Recipe:
    def build(setting: Setting, photos: Photos, device: torch.device) -> Objective:
        patch = setting.patch
        pool = _pool(photos, setting, (patch + UPSCALE_MARGIN) * scale, device)

        def pairs(draw: Draw) -> tuple[Tensor, Tensor]:
            crops = pool.crops(setting.batch, draw.host)
            return upscale_pairs(
                crops, scale=scale, patch=patch, leftovers=_LEFTOVERS, rough=_ROUGH, draw=draw
            )

        judge = HeldOut(photos.held_out, scale=scale, device=device)
        return PixelObjective(setting.design.build(), pairs, judge, structure=_STRUCTURE)

    return Recipe(
        name=f"upscale-x{scale}",
        model=f"darkroom-x{scale}",
        purpose=f"faithful upscaling by {scale}",
        scale=scale,
        build=build,
        settings=MappingProxyType(
            {
                "cpu": Setting(CompactDesign(48, 16 if scale == 4 else 10, scale), 32, 8, 6e-4, 55),
                "full": Setting(CompactDesign(64, 16, scale), 40, 256, 1e-3, 22, ema=0.9995),
                "tiny": Setting(
                    CompactDesign(8, 2, scale), 16, 4, 2e-3, 0.1, warmup_steps=5, ema=0.9
                ),
            }
        ),
    )


def _drawing() -> Recipe:
    scale = 4

    def build(setting: Setting, photos: Photos, device: torch.device) -> Objective:
        patch = setting.patch
        sources = [photo for photo in photos.training[0][0] if min(photo.shape[1:]) >= SIDE // 2]
        made = drawings(setting.drawings, sources, seed=1)
        pool = CropPool([(made, 1.0)], size=(patch + UPSCALE_MARGIN) * scale, device=device)

        def pairs(draw: Draw) -> tuple[Tensor, Tensor]:
            crops = pool.crops(setting.batch, draw.host)
            return lifelike_pairs(
                crops,
                scale=scale,
                patch=patch,
                clean=_PLAIN_DRAWINGS,
                sharpen=0,
                draw=draw,
                rounds=DRAWINGS,
            )

        held_out = drawings(_HELD_OUT_DRAWINGS, photos.held_out, seed=2)
        judge = HeldOut(held_out, scale=scale, device=device)
        return PixelObjective(setting.design.build(), pairs, judge, structure=_STRUCTURE)

    designs = {size: setting.design for size, setting in _upscale(scale).settings.items()}
    return Recipe(
        name="drawing-x4",
        model="darkroom-x4-drawing",
        purpose="upscaling of drawings and text by 4",
        scale=scale,
        starts_from="darkroom-x4",
        build=build,
        settings=MappingProxyType(
            {
                "cpu": Setting(designs["cpu"], 32, 8, 6e-4, 55, drawings=480),
                "full": Setting(designs["full"], 40, 256, 1e-3, 22, ema=0.9995, drawings=2400),
                "tiny": Setting(
                    designs["tiny"], 16, 4, 2e-3, 0.1, warmup_steps=5, ema=0.9, drawings=6
                ),
            }
        ),
    )


def _denoise() -> Recipe:
    def build(setting: Setting, photos: Photos, device: torch.device) -> Objective:
        pool = _pool(photos, setting, setting.patch + DENOISE_MARGIN, device)

        def pairs(draw: Draw) -> tuple[Tensor, Tensor]:
            crops = pool.crops(setting.batch, draw.host)
            return denoise_pairs(crops, patch=setting.patch, draw=draw)

        judge = HeldOut(photos.held_out, scale=1, device=device)
        return PixelObjective(setting.design.build(), pairs, judge, relative_to=0.04)

    return Recipe(
        name="denoise",
        model="darkroom-denoise",
        purpose="blind removal of noise and JPEG blocking",
        scale=1,
        build=build,
        settings=MappingProxyType(
            {
                "cpu": Setting(BlindUNetDesign((32, 48, 96, 128), 2), 96, 4, 6e-4, 65),
                "full": Setting(
                    BlindUNetDesign((32, 64, 128, 256), 4), 144, 64, 5e-4, 24, ema=0.9995
                ),
                "tiny": Setting(
                    BlindUNetDesign((8, 8, 8, 8), 2), 32, 4, 2e-3, 0.1, warmup_steps=5, ema=0.9
                ),
            }
        ),
    )


def _face_restore() -> Recipe:
    scale = 4

    def build(setting: Setting, photos: Photos, device: torch.device) -> Objective:
        side = setting.patch * scale
        faces = FaceCrops(photos.faces, side=side, scale=scale, device=device)

        def pairs(draw: Draw) -> tuple[Tensor, Tensor]:
            return faces.pairs(setting.batch, draw)

        judge = HeldOutFaces(photos.held_out_faces, side=side, scale=scale, device=device)
        return PixelObjective(setting.design.build(), pairs, judge, structure=_STRUCTURE)

    designs = {size: setting.design for size, setting in _upscale(scale).settings.items()}
    return Recipe(
        name="face-restore",
        model="darkroom-face",
        purpose="restoration of an aligned face",
        scale=scale,
        starts_from="darkroom-x4",
        build=build,
        settings=MappingProxyType(
            {
                "cpu": Setting(designs["cpu"], 64, 4, 5e-4, 50, warmup_steps=50),
                "full": Setting(designs["full"], 64, 96, 5e-4, 22, ema=0.9995),
                "tiny": Setting(designs["tiny"], 16, 2, 2e-3, 0.1, warmup_steps=5, ema=0.9),
            }
        ),
    )


def _vivid(scale: int) -> Recipe:
    def build(setting: Setting, photos: Photos, device: torch.device) -> Objective:
        patch = setting.patch
        pool = _pool(photos, setting, (patch + UPSCALE_MARGIN) * scale, device)

        def pairs(draw: Draw) -> tuple[Tensor, Tensor]:
            crops = pool.crops(setting.batch, draw.host)
            return lifelike_pairs(
                crops, scale=scale, patch=patch, clean=_CLEAN, sharpen=sharpen, draw=draw
            )

        if setting.adversary is None:
            raise ValueError("A vivid upscaler needs an adversary.")
        judge = HeldOut(photos.held_out, scale=scale, device=device)
        network = setting.design.build()
        return VividObjective(network, pairs, judge, setting.adversary, scale=scale, device=device)

    faithful = _upscale(scale).settings
    cpu, full, tiny = (faithful[size].design for size in ("cpu", "full", "tiny"))
    patch = 96 // scale
    # In so few steps a heavier adversary gets hatching instead of texture.
    sharpen, weight = (0.8, 0.0015) if scale == 4 else (0.15, 0.01)
    return Recipe(
        name=f"vivid-x{scale}",
        model=f"darkroom-x{scale}-vivid",
        purpose=f"vivid upscaling by {scale}",
        scale=scale,
        build=build,
        starts_from=f"darkroom-x{scale}",
        settings=MappingProxyType(
            {
                "cpu": Setting(
                    cpu,
                    patch,
                    4,
                    1e-4,
                    35,
                    ema=0.995,
                    adversary=Adversary(16, 1e-3, 100, 300, weight),
                ),
                "full": Setting(
                    full, patch, 96, 1e-4, 22, adversary=Adversary(64, 2e-4, 500, 1000, weight)
                ),
                "tiny": Setting(
                    tiny,
                    32 // scale,
                    4,
                    1e-4,
                    0.1,
                    warmup_steps=5,
                    ema=0.9,
                    adversary=Adversary(8, 1e-3, 2, 4, weight),
                ),
            }
        ),
    )


def _face_find() -> Recipe:
    def build(setting: Setting, photos: Photos, device: torch.device) -> Objective:
        maker = SceneMaker(
            Backgrounds(photos.backgrounds, device=device),
            face_pyramid(photos.faces, device=device),
            size=setting.patch,
        )
        held_out = SceneMaker(
            Backgrounds(photos.held_out_backgrounds, device=device),
            face_pyramid(photos.held_out_faces, device=device),
            size=setting.patch,
        )
        return FindingObjective(setting.design.build(), maker, held_out, batch=setting.batch)

    return Recipe(
        name="face-find",
        model="darkroom-finder",
        purpose="finding of faces, with five points each",
        scale=1,
        build=build,
        suffix=".onnx",
        settings=MappingProxyType(
            {
                "cpu": Setting(FinderDesign((16, 32, 64, 64, 96), 64), 256, 16, 2e-3, 60),
                "full": Setting(
                    FinderDesign((16, 32, 64, 96, 128), 64), 320, 128, 4e-3, 22, ema=0.9995
                ),
                "tiny": Setting(
                    FinderDesign((8, 8, 8, 8, 8), 8), 64, 4, 2e-3, 0.1, warmup_steps=5, ema=0.9
                ),
            }
        ),
    )


RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        recipe.name: recipe
        for recipe in (
            _upscale(4),
            _upscale(2),
            _vivid(4),
            _vivid(2),
            _drawing(),
            _denoise(),
            _face_restore(),
            _face_find(),
        )
    }
)

"""Pictures to learn face finding from: aligned faces set into photos, composed on the device."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from training.backgrounds import Backgrounds
from training.degradations import Draw
from training.jpeg import jpeg_round_trip
from training.pastes import decoys, lit, mask
from training.poses import BOX, Pose, draw_pose, overlap, visible

__all__ = ["FACE", "HIDDEN", "NOTHING", "Scene", "SceneMaker", "face_pyramid"]

NOTHING, FACE, HIDDEN = 0, 1, 2

_SIDES = (256, 128, 64, 32)


@dataclass(frozen=True)
class Scene:
    """Pictures and what is in them.

    `pictures` RGB `[n, 3, size, size]` in [0, 1]; `boxes` `[n, k, 4]` left, top, right, bottom in
    pixels; `points` `[n, k, 5, 2]`, whole numbers at pixel centres; `kinds` `[n, k]`: NOTHING,
    FACE, or HIDDEN, a face of which too little shows to count it either way.
    """

    pictures: Tensor
    boxes: Tensor
    points: Tensor
    kinds: Tensor


@dataclass(frozen=True)
class _Round:
    """One paste: into a window of `window` shares of the picture, from faces `side` px wide.

    `eyes` is the range of distances between the eyes, for a picture of 256 px.
    """

    side: int
    window: float
    eyes: tuple[float, float]
    share: float


_ROUNDS = (
    _Round(256, 1.0, (46, 115), 0.42),
    _Round(128, 0.8, (22, 46), 0.5),
    _Round(128, 0.8, (22, 46), 0.25),
    _Round(64, 0.4, (11, 22), 0.5),
    _Round(64, 0.4, (11, 22), 0.35),
    _Round(32, 0.2, (6, 11), 0.4),
    _Round(32, 0.2, (6, 11), 0.3),
)
_EMPTY = 0.12
_DECOYS = 0.2


def face_pyramid(faces: Sequence[Tensor], *, device: torch.device) -> dict[int, Tensor]:
    """Aligned faces uint8 `[3, h, w]` as stacks `[n, 3, side, side]` at 256, 128, 64 and 32 px."""
    if not faces:
        raise ValueError("The data folder needs a subfolder 'faces' with aligned faces.")
    largest = _SIDES[0]
    stacks = {largest: torch.stack([_resized(face, largest) for face in faces])}
    for side in _SIDES[1:]:
        parts = torch.split(stacks[2 * side], 64)
        stacks[side] = torch.cat([F.avg_pool2d(p.float(), 2).round().byte() for p in parts])
    return {side: stack.to(device) for side, stack in stacks.items()}


def _resized(face: Tensor, side: int) -> Tensor:
    if face.shape[1:] == (side, side):
        return face
    large = F.interpolate(face[None].float(), (side, side), mode="bilinear", antialias=True)
    return large[0].round().byte()


class SceneMaker:
    """Composes pictures of photos, pasted faces, and pasted things that are no faces.

    Faces come in by random similarities under soft masks (heads, whole crops, in between), so that
    the edge of the paste tells nothing; decoys come through the same masks.
    """

    def __init__(self, backgrounds: Backgrounds, faces: dict[int, Tensor], *, size: int) -> None:
        """Pictures are `size` px square, a multiple of 16."""
        self._backgrounds, self._faces, self._size = backgrounds, faces, size

    def generator(self, seed: int) -> torch.Generator:
        """A source of chance on the device where the pictures are composed."""
        return torch.Generator(self._faces[_SIDES[0]].device).manual_seed(seed)

    def draw(self, count: int, draw: Draw) -> Scene:
        """Compose `count` pictures: half of them are the others mirrored, weathered anew."""
        scene = self._composed((count + 1) // 2, draw)
        both = _joined(scene, _mirrored(scene))
        pictures = _weathered(both.pictures[:count], draw)
        return Scene(pictures, both.boxes[:count], both.points[:count], both.kinds[:count])

    def _composed(self, count: int, draw: Draw) -> Scene:
        canvas = self._backgrounds.draw(count, self._size, draw)
        spare = canvas.flip(0)
        peopled = draw.uniform(count, 0, 1) >= _EMPTY
        boxes = torch.zeros(count, 0, 4)
        points = torch.zeros(count, 0, 5, 2)
        kinds = torch.zeros(count, 0, dtype=torch.long)
        for step in _ROUNDS:
            low, high = (value * self._size / 256 for value in step.eyes)
            taken = boxes * (kinds != NOTHING)[..., None]
            pose = draw_pose(count, (low, high), size=self._size, taken=taken, draw=draw)
            wanted = (draw.uniform(count, 0, 1) < step.share) & pose.free
            decoy = (draw.uniform(count, 0, 1) < _DECOYS) | ~peopled
            chosen = wanted.nonzero().flatten()
            if len(chosen):
                self._paste(canvas, spare, step, pose, chosen, decoy[chosen], draw)
            covered = overlap(boxes, pose.boxes[:, None]).squeeze(2) > 0.3
            kinds = torch.where(covered & wanted[:, None] & (kinds == FACE), HIDDEN, kinds)
            kind = torch.where(visible(pose.boxes, self._size) >= 0.6, FACE, HIDDEN)
            kind = torch.where(wanted & ~decoy, kind, NOTHING)
            boxes = torch.cat([boxes, pose.boxes[:, None]], dim=1)
            points = torch.cat([points, pose.points[:, None]], dim=1)
            kinds = torch.cat([kinds, kind[:, None]], dim=1)
        device = canvas.device
        return Scene(canvas, boxes.to(device), points.to(device), kinds.to(device))

    def _paste(
        self,
        canvas: Tensor,
        spare: Tensor,
        step: _Round,
        pose: Pose,
        chosen: Tensor,
        decoy: Tensor,
        draw: Draw,
    ) -> None:
        """Blend one source into each of the `chosen` pictures of `canvas`."""
        device = canvas.device
        stack = self._faces[step.side]
        faces = torch.randint(0, len(stack), (len(chosen),), generator=draw.host)
        source = stack[faces.to(device)].float() / 255
        if decoy.any():
            index = decoy.nonzero().flatten().to(device)
            spares = spare[chosen.to(device)[index]]
            source[index] = decoys(source[index], spares, draw)
        source = lit(source, draw)

        window = round(self._size * step.window)
        corner = (pose.centre[chosen] - window / 2).round().clamp(0, self._size - window).long()
        line = torch.arange(window)
        rows, columns = corner[:, 1, None] + line, corner[:, 0, None] + line
        place = torch.stack(
            [
                (columns + 0.5)[:, None, :].expand(-1, window, -1),
                (rows + 0.5)[:, :, None].expand(-1, -1, window),
            ],
            dim=-1,
        ).to(device)
        inverse = torch.linalg.inv(pose.matrix[chosen]).to(device)
        middle = torch.tensor(BOX[:2], device=device)
        offset = place - pose.centre[chosen].to(device)[:, None, None]
        spot = torch.einsum("nij,nhwj->nhwi", inverse, offset) + middle
        patch = F.grid_sample(
            source, spot * 2 - 1, mode="bilinear", padding_mode="border", align_corners=False
        )
        alpha = mask(spot, draw)
        if step.window < 1:
            edge = torch.minimum(line + 1, window - line).clamp_max(5).to(device) / 5
            alpha = alpha * (edge[:, None] * edge[None, :])
        for number, (index, left, top) in enumerate(
            zip(chosen.tolist(), *corner.T.tolist(), strict=True)
        ):
            under = canvas[index, :, top : top + window, left : left + window]
            under.lerp_(patch[number], alpha[number])


def _mirrored(scene: Scene) -> Scene:
    """Left and right exchanged; what is the left eye stays the one to the left."""
    width = scene.pictures.shape[3]
    left, top, right, bottom = scene.boxes.unbind(2)
    boxes = torch.stack([width - right, top, width - left, bottom], dim=2)
    points = scene.points[:, :, [1, 0, 2, 4, 3]].clone()
    points[..., 0] = width - 1 - points[..., 0]
    return Scene(scene.pictures.flip(3), boxes, points, scene.kinds)


def _joined(first: Scene, second: Scene) -> Scene:
    return Scene(
        torch.cat([first.pictures, second.pictures]),
        torch.cat([first.boxes, second.boxes]),
        torch.cat([first.points, second.points]),
        torch.cat([first.kinds, second.kinds]),
    )


def _weathered(pictures: Tensor, draw: Draw) -> Tensor:
    """Light, grey, blur, small sizes, noise and JPEG over whole pictures; 8-bit levels over 255."""
    count, _, size, _ = pictures.shape
    device = pictures.device

    def some(chance: float) -> Tensor:
        return (draw.uniform(count, 0, 1) < chance).nonzero().flatten()

    def each(chosen: Tensor, low: float, high: float) -> Tensor:
        return draw.uniform(len(chosen), low, high).view(-1, 1, 1, 1).to(device)

    chosen = some(0.5)
    pictures[chosen] = (pictures[chosen] * each(chosen, 0.55, 1.4)).clamp(1e-4, 1) ** each(
        chosen, 0.7, 1.5
    )
    chosen = some(0.15)
    grey = pictures[chosen].mean(1, keepdim=True)
    pictures[chosen] = torch.lerp(grey, pictures[chosen], (each(chosen, -0.6, 0.9)).clamp_min(0))
    chosen = some(0.25)
    if len(chosen):
        small = round(size / float(draw.uniform(1, 1.3, 3.2)))
        reduced = F.interpolate(pictures[chosen], (small, small), mode="bilinear", antialias=True)
        pictures[chosen] = F.interpolate(reduced, (size, size), mode="bilinear")
    chosen = some(0.4)
    noise = torch.randn(pictures[chosen].shape, generator=draw.device, device=device)
    strength = each(chosen, 0, 1) ** 2 * (40 / 255)
    pictures[chosen] = pictures[chosen] + noise * strength
    chosen = some(0.4)
    if len(chosen):
        quality = draw.uniform(len(chosen), 20, 95).round().to(device)
        pictures[chosen] = jpeg_round_trip(
            pictures[chosen].clamp(0, 1), quality, subsampled=draw.integer(4) > 0
        )
    return pictures.clamp(0, 1).mul(255).round().div(255)

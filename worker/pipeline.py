"""The whole work on one photo: diagnose, plan, run the stages."""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core import metrics
from core.errors import Cancelled
from core.jobs import StageName, Step
from core.language import _
from core.recipe import Preset, Recipe, Which
from worker.diagnosis import Kind, diagnose, figures_of
from worker.engine import Engine
from worker.faces import Face
from worker.imaging.photo import Box, Photo, Pixels
from worker.models import Models
from worker.plan import MAX_OUTPUT_PIXELS, Plan, PlannedStage, Sight, plan, refuse_blank
from worker.stages import alpha
from worker.stages.denoise import denoise
from worker.stages.faces import RestoredFace, in_front, paste, report, restore
from worker.stages.grain import Grain, give_back, measure
from worker.stages.light import light
from worker.stages.sharpen import sharpen
from worker.stages.tone import pull_back
from worker.stages.upscale import resize, upscale
from worker.tiles import strips

__all__ = ["Outcome", "enhance"]

Progress = Callable[[str, float], None]

_SEEN_BETTER = 40
"""Denoised by so many percent, a photo is looked at for faces once more."""


@dataclass(frozen=True)
class Outcome:
    """The enhanced photo, the plan, what became of each step, and what the person should know.

    `face_box` is the largest face in pixels of the source, where a face finder is installed.
    """

    photo: Photo
    plan: Plan
    steps: tuple[Step, ...]
    notes: tuple[str, ...]
    face_box: Box | None = None


def enhance(
    photo: Photo,
    recipe: Recipe,
    models: Models,
    engine: Engine,
    *,
    max_output_pixels: int = MAX_OUTPUT_PIXELS,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Outcome:
    """Runs what the recipe asks for and the photo needs; blocks, so call it in a thread.

    A photo that needs nothing comes back with the very same pixels. `progress` is told a stage's
    name and its fraction done. Raises Cancelled, ModelUnavailable, PhotoRefused for a photo that
    shows nothing, or DarkroomError (memory).
    """
    work = _Work(photo, recipe, models, engine, max_output_pixels, progress, cancelled)
    return work.run()


class _Work:
    """The state of one photo between its stages."""

    def __init__(
        self,
        photo: Photo,
        recipe: Recipe,
        models: Models,
        engine: Engine,
        max_output_pixels: int,
        progress: Progress | None,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        self.photo = photo
        self.recipe = recipe
        self.models = models
        self.engine = engine
        self.progress = progress
        self.cancelled = cancelled
        self.pixels = photo.pixels
        if photo.alpha is not None:
            self.pixels = alpha.bleed(photo.pixels, photo.alpha)
        self.able = models.capabilities(recipe.preset, recipe.model)
        with metrics.STAGE.labels("diagnose", "").time():
            self.found = self._find()
            sight = self._sight()
        if sight.picture(recipe.preset) is not Kind.PHOTO:
            self.able = models.capabilities(Preset.ART, recipe.model)
        self.sight = sight
        self.plan: Plan = plan(recipe, sight, self.able, max_output_pixels)
        self.grain = Grain()
        self.seconds: defaultdict[StageName, float] = defaultdict(float)
        self.since = time.monotonic()

    def _sight(self) -> Sight:
        diagnosis = diagnose(replace(self.photo, pixels=self.pixels))
        alpha = self.photo.alpha
        if alpha is None or alpha.min() == alpha.max():
            refuse_blank(diagnosis)
        return Sight(diagnosis, figures_of(self.found, self.pixels))

    def run(self) -> Outcome:
        """All stages in their order."""
        steps = [self._denoise()]
        self._lap(StageName.DENOISE)
        steps.append(self._light())
        self._lap(StageName.LIGHT)
        sharpened = self._sharpen() if self.plan.blur else None
        self._lap(StageName.SHARPEN)
        restored, faces_step = self._restore()
        self._lap(StageName.FACES)
        steps += [faces_step, self._upscale()]
        self._lap(StageName.UPSCALE)
        if restored:
            size = (self.photo.width, self.photo.height)
            self.pixels = self._as_grey(paste(self._own(), restored, size))
            self._lap(StageName.FACES)
        steps.append(sharpened or self._sharpen())
        self._lap(StageName.SHARPEN)
        steps.append(self._regrain())
        self._lap(StageName.GRAIN)
        photo = self.photo
        if any(step.done for step in steps):
            photo = replace(photo, pixels=self.pixels, alpha=self._alpha())
            self._lap(StageName.UPSCALE)
        self._measured(steps)
        box = self.found[0].box if self.found else None
        return Outcome(photo, self.plan, tuple(steps), self.plan.notes, box)

    def _lap(self, stage: StageName) -> None:
        """The time since the last lap belongs to `stage`."""
        now = time.monotonic()
        self.seconds[stage] += now - self.since
        self.since = now

    def _measured(self, steps: Sequence[Step]) -> None:
        for step in steps:
            within = step.stage is StageName.DENOISE and self.plan.denoise.within is not None
            if step.done and not within:
                metrics.STAGE.labels(step.stage, step.model or "").observe(self.seconds[step.stage])

    def _denoise(self) -> Step:
        stage = self.plan.denoise
        if stage.within is not None:
            return _done(stage)
        if stage.model is None or not stage.strength:
            return _left_out(stage)
        clean = denoise(
            self.pixels,
            self.models.named(stage.model),
            self.engine,
            stage.strength,
            progress=self._teller(StageName.DENOISE),
            cancelled=self.cancelled,
        )
        if self.plan.grain.strength:
            self.grain = measure(self.pixels, clean)
        self.pixels = self._as_grey(pull_back(clean, self.pixels))
        if stage.strength >= _SEEN_BETTER:
            self.found = self._find()
        return _done(stage)

    def _light(self) -> Step:
        stage = self.plan.light
        if not stage.strength:
            return _left_out(stage)
        self._check()
        boxes = [face.box for face in self.found]
        self.pixels = light(self.pixels, self.plan.lighting, stage.strength, boxes)
        return _done(stage)

    def _find(self) -> tuple[Face, ...]:
        self._check()
        finder = self.models.finder(self.able.detect)
        return () if finder is None else finder.find(self.pixels)

    def _restore(self) -> tuple[tuple[RestoredFace, ...], Step]:
        stage, found = self.plan.faces, self.found
        if stage.model is None or not stage.strength:
            return (), _left_out(stage)
        if not found:
            return (), _left_out(stage, _("no face was found"))
        wanted = found
        if self.recipe.which_faces is Which.MAIN:
            wanted = in_front(found, self.photo.width, self.photo.height)
        restored, reasons = restore(
            self.pixels,
            wanted,
            self.models.named(stage.model),
            self.engine,
            strength=stage.strength,
            binding=self.recipe.faces is not None,
            progress=self._teller(StageName.FACES),
            cancelled=self.cancelled,
        )
        told = report(restored, stage.strength, reasons, len(found) - len(wanted))
        return restored, _done(stage, told) if restored else _left_out(stage, told)

    def _upscale(self) -> Step:
        stage = self.plan.upscale
        if not stage.strength:
            return _left_out(stage)
        self.pixels = self._as_grey(self._enlarged(self.pixels, self._teller(StageName.UPSCALE)))
        return _done(stage).model_copy(update={"strength": None})

    def _enlarged(self, pixels: Pixels, teller: Callable[[float], None] | None) -> Pixels:
        return upscale(
            resize(pixels, *self.plan.source),
            [self.models.blended(blend) for blend in self.plan.passes],
            self.engine,
            self.plan.width,
            self.plan.height,
            progress=teller,
            cancelled=self.cancelled,
        )

    def _sharpen(self) -> Step:
        stage = self.plan.sharpen
        if not stage.strength:
            return _left_out(stage)
        self._check()
        self.pixels = self._as_grey(
            sharpen(
                self.pixels,
                stage.strength,
                self.plan.blur,
                self._noise_left(),
                progress=self._teller(StageName.SHARPEN) if self.plan.blur else None,
                cancelled=self.cancelled,
            )
        )
        return _done(stage)

    def _noise_left(self) -> float:
        """The sigma (0–255) of the noise that denoising has left in the photo."""
        cleaned = self.plan.denoise
        share = 0 if cleaned.within is not None else cleaned.strength
        return self.sight.diagnosis.noise_sigma * (1 - share / 100)

    def _regrain(self) -> Step:
        stage = self.plan.grain
        if not stage.strength:
            return _left_out(stage)
        if not self.grain:
            return _left_out(stage, _("what was taken out is no fine grain"))
        self._check()
        enlarged = self.plan.width / self.photo.width
        self.pixels = give_back(self.pixels, self.grain, stage.strength, enlarged)
        return _done(stage)

    def _alpha(self) -> Pixels | None:
        if self.photo.alpha is None or not self.plan.upscale.strength:
            return self.photo.alpha
        self._check()
        if not self.plan.chain:
            return resize(self.photo.alpha, self.plan.width, self.plan.height)
        return alpha.enlarge(
            self.photo.alpha,
            self.plan.width,
            self.plan.height,
            lambda pixels: self._enlarged(pixels, None),
        )

    def _own(self) -> Pixels:
        """The pixels as an array of our own: the source photo is never written to."""
        return self.pixels.copy() if self.pixels is self.photo.pixels else self.pixels

    def _as_grey(self, pixels: Pixels) -> Pixels:
        if self.photo.grey:
            for _, _, rows in strips(pixels.shape[0], 512, 0):
                mean = pixels[rows].mean(axis=2, dtype=np.float32, keepdims=True)
                pixels[rows] = np.rint(mean)
        return pixels

    def _teller(self, stage: StageName) -> Callable[[float], None] | None:
        progress = self.progress
        if progress is None:
            return None
        progress(stage.value, 0.0)
        return lambda fraction: progress(stage.value, fraction)

    def _check(self) -> None:
        if self.cancelled is not None and self.cancelled():
            raise Cancelled


def _done(stage: PlannedStage, reason: str | None = None) -> Step:
    return Step(
        stage=stage.stage,
        done=True,
        strength=stage.strength,
        model=stage.model,
        reason=stage.reason if reason is None else reason,
    )


def _left_out(stage: PlannedStage, reason: str | None = None) -> Step:
    return Step(stage=stage.stage, done=False, reason=stage.reason if reason is None else reason)

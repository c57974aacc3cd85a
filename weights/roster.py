"""Which of the installed models serves which purpose."""

import importlib.util
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from core.errors import ModelUnavailable
from core.language import _
from core.recipe import Preset
from core.settings import WorkerSettings
from weights.catalog import CatalogRow, Purpose, fits_several
from weights.store import WeightsStore

__all__ = ["Blend", "Capabilities", "Roster", "check_package", "runnable"]


@dataclass(frozen=True)
class Blend:
    """One network between two trainings of it: `share` percent of `id`, the rest of `twin`.

    Network interpolation as in X. Wang et al., "ESRGAN" (2018), section 3.4. Without a twin the
    network is run as it is.
    """

    id: str
    twin: str | None = None
    share: int = 100

    @classmethod
    def between(cls, name: str, twin: str, share: int) -> Self:
        """`share` percent (0–100) of `name`; at the ends one of the two alone."""
        if share in (0, 100):
            return cls(name if share else twin)
        return cls(name, twin, share)

    def __str__(self) -> str:
        return self.id if self.twin is None else f"{self.id} {self.share} %"


@dataclass(frozen=True)
class Capabilities:
    """Ids of the models that would serve each purpose; None where nothing is installed.

    `upscale` is by scale. `pairs` has, by either's id, the vivid and the faithful twin of an
    upscaler, `grainy` the twin that leaves the noise; both only where the twins are installed.
    `chosen` are models that somebody named, in the settings or for this photo; `asked` is the one
    named for this photo.
    """

    upscale: Mapping[int, str] = field(default_factory=dict)
    denoise: str | None = None
    faces: str | None = None
    detect: str | None = None
    pairs: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    grainy: Mapping[str, str] = field(default_factory=dict)
    chosen: Collection[str] = ()
    asked: CatalogRow | None = None

    def serving(self) -> set[str]:
        """Every model that takes part, those that were chosen and twins included."""
        single = (self.denoise, self.faces, self.detect)
        ids = {*self.upscale.values(), *filter(None, single), *self.chosen}
        twins = {twin for name in ids for twin in self.pairs.get(name, ())}
        return ids | twins | {self.grainy[name] for name in ids if name in self.grainy}


def runnable(row: CatalogRow) -> bool:
    """Whether the package that a model wants besides is installed."""
    return not row.package or importlib.util.find_spec(row.package) is not None


class Roster:
    """Chooses among the installed models, by file names and catalog alone.

    `chosen` names the model for a purpose whatever the ranks say; `on_cpu` puts light models
    before heavy ones; `look` fills in the purpose and scale of a file nobody has looked into.
    Raises ModelUnavailable at once if a chosen model is not installed or cannot run.
    """

    def __init__(
        self,
        store: WeightsStore,
        *,
        chosen: Mapping[Purpose, str] | None = None,
        on_cpu: bool = True,
        look: Callable[[CatalogRow], CatalogRow] = lambda row: row,
    ) -> None:
        self.store = store
        self._on_cpu = on_cpu
        self._look = look
        self._chosen: dict[Purpose, CatalogRow] = {}
        for purpose, name in (chosen or {}).items():
            row = store.catalog.find(name)
            store.path(row)
            if row.purpose not in (purpose, Purpose.UNKNOWN):
                raise ModelUnavailable(f"{row.id} is for {row.purpose}, not for {purpose}.")
            check_package(row)
            self._chosen[purpose] = row

    @staticmethod
    def wished(settings: WorkerSettings) -> dict[Purpose, str]:
        """The names that a worker's settings give, by purpose."""
        names = {
            Purpose.UPSCALE: settings.upscaler,
            Purpose.DENOISE: settings.denoiser,
            Purpose.FACES: settings.face_restorer,
        }
        return {purpose: name for purpose, name in names.items() if name}

    def capabilities(self, preset: Preset = Preset.AUTO, model: str | None = None) -> Capabilities:
        """Who serves a photo of this preset, `model` being the one its sender named.

        Raises ModelUnavailable, in words for the sender, if there is no such model here.
        """
        asked = None if model is None else self.asked(model)
        named = [self._look(row) for row in self._chosen.values()]
        named += [asked] if asked else []
        installed = self.store.rows()
        style = "drawing" if preset is Preset.ART else "photo"
        able = [row for row in (*installed, *named) if runnable(row)]

        def best(purpose: Purpose, scale: int | None = None) -> CatalogRow | None:
            for row in reversed(named):
                if row.purpose is purpose and scale in (None, row.scale):
                    return row
            rows = [
                row
                for row in able
                if row.purpose is purpose
                and scale in (None, row.scale)
                and row.style in (style, "photo")
            ]
            return max(rows, key=lambda row: self._merit(row, style), default=None)

        scales = sorted({row.scale for row in able if row.purpose is Purpose.UPSCALE} - {1})
        serving = [row for row in (best(Purpose.UPSCALE, scale) for scale in scales) if row]
        if any(row.style == style for row in serving):
            # Four times by lines and back to two is better than two by a model of photos.
            serving = [row for row in serving if row.style == style or row in named]
        denoise, faces, detect = (
            None if row is None else row.id
            for row in map(best, (Purpose.DENOISE, Purpose.FACES, Purpose.DETECT))
        )
        return Capabilities(
            {row.scale: row.id for row in serving},
            denoise,
            faces,
            detect,
            pairs=_pairs(installed),
            grainy=_grainy(installed),
            chosen=frozenset(row.id for row in named),
            asked=asked,
        )

    def asked(self, name: str) -> CatalogRow:
        """The installed model that the sender of a photo means by `name`.

        Raises ModelUnavailable if none is meant, or several, or one that is not installed or
        cannot run here.
        """
        known = self.store.catalog
        fitting = known.fitting(name)
        here = [row for row in fitting if self.store.installed(row)]
        if len(here) == 1:
            check_package(here[0])
            return self._look(here[0])
        if here:
            raise fits_several(name, here)
        ids = [row.id for row in self.store.rows() if row.purpose is not Purpose.DETECT]
        installed = (
            _("Installed are: {models}.").format(models=", ".join(ids))
            if ids
            else _("No model is installed.")
        )
        if fitting:
            missing = _(" or ").join(row.id for row in fitting)
            text = _("{models} is not installed here.").format(models=missing)
        else:
            text = known.unknown(name)
        raise ModelUnavailable(f"{text} {installed}")

    def _merit(self, row: CatalogRow, style: str) -> tuple[bool, bool, int]:
        return (not (row.heavy and self._on_cpu), row.style == style, row.rank)


def check_package(row: CatalogRow) -> None:
    """Raises ModelUnavailable if the package that a model wants besides is missing."""
    if not runnable(row):
        raise ModelUnavailable(
            _("{model} cannot run here: its package {package} is not installed.").format(
                model=row.id, package=row.package
            ),
            remedy=f"Install it beside Darkroom; its licence: {row.licence}.",
        )


def _pairs(rows: Iterable[CatalogRow]) -> dict[str, tuple[str, str]]:
    here = {row.id: row for row in rows}
    pairs = {}
    for row in here.values():
        if row.faithful_twin in here:
            pair = (row.id, row.faithful_twin)
            pairs[row.id] = pairs[row.faithful_twin] = pair
    return pairs


def _grainy(rows: Iterable[CatalogRow]) -> dict[str, str]:
    here = {row.id: row for row in rows}
    return {row.id: row.grainy_twin for row in here.values() if row.grainy_twin in here}

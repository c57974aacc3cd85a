"""Model files made ready to run, and which of the installed ones serves which purpose."""

import importlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from core.errors import ModelUnavailable
from core.recipe import Preset
from core.settings import WorkerSettings
from weights.catalog import CatalogRow, Purpose
from weights.store import WeightsStore
from weights.torchvision_ops import declare_missing_operators
from worker.faces import FaceFinder

__all__ = ["Capabilities", "LoadedModel", "Models", "load"]

CONTEXT = 32
"""Pixels of context a network of unknown reach wants around a tile: with 32 the widest published
small network differs from the whole image by at most 1/255."""

_WINDOWS = {"SwinIR": 8, "Swin2SR": 8, "HAT": 16, "DAT": 32, "SCUNet": 64, "NAFNet": 16}
"""Grid, in input pixels, on which networks with windows or strides must be cut to see the same
windows as in the whole image (spandrel tells only what they need in order to run)."""


_BATCHING = frozenset({"Compact", "ESRGAN", "SPAN", "SwinIR", "SCUNet", "RealCUGAN"})
"""Architectures known to take several pictures at once; spandrel promises one."""

_PLAIN_LAYOUT = frozenset({"GFPGAN", "CodeFormer"})
"""Architectures that flatten features by `view`, which channels-last memory does not allow."""

_SOUND_IN_HALF = frozenset({"DRUNet"})
"""Plain convolutions that spandrel has not marked as safe in float16."""


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A network ready to run.

    `call` maps N×C×H×W in [0, 1] to N×C×(H·scale)×(W·scale) near [0, 1]. Sizes and offsets of
    tiles must be multiples of `multiple`, sizes at least `minimum`, and every tile needs `pad`
    pixels of context. `crop` is the side of the face crop, for face restorers.
    """

    id: str
    purpose: Purpose
    scale: int
    channels: int
    multiple: int
    minimum: int
    pad: int
    module: nn.Module
    call: Callable[[Tensor], Tensor]
    half: bool = False
    bfloat16: bool = False
    channels_last: bool = True
    architecture: str = ""
    crop: int | None = None
    parameters: int = field(default=0, repr=False)


@dataclass(frozen=True)
class Capabilities:
    """Ids of the models that would serve each purpose; None where nothing is installed."""

    upscale: Mapping[int, str] = field(default_factory=dict)
    denoise: str | None = None
    faces: str | None = None
    detect: str | None = None


def load(row: CatalogRow, path: Path) -> LoadedModel:
    """The network in `path`, on the CPU in float32; its hash must have been checked before.

    `.safetensors` is read by safetensors, anything else by `torch.load(weights_only=True)`, so no
    code in a file is ever run. Raises ModelUnavailable if no known architecture fits.
    """
    declare_missing_operators()
    import spandrel

    if row.architecture == "CodeFormer":
        _add_extra_architectures()
    state = _state(row, path)
    try:
        descriptor = spandrel.ModelLoader().load_from_state_dict(
            spandrel.canonicalize_state_dict(state)
        )
    except (spandrel.UnsupportedModelError, RuntimeError, KeyError) as error:
        raise ModelUnavailable(
            f"The model file {row.file} is of no architecture that Darkroom can run."
        ) from error
    return _described(row, descriptor)


def _state(row: CatalogRow, path: Path) -> dict[str, Any]:
    try:
        if path.suffix.lower() == ".safetensors":
            from safetensors.torch import load_file

            tensors: dict[str, Any] = load_file(path)
            return tensors
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        # Both readers raise a dozen types for broken files; what helps is the file's name.
        raise ModelUnavailable(
            f"The model file {row.file} cannot be read: it is broken or holds more than weights."
        ) from error
    return state


def _add_extra_architectures() -> None:
    try:
        extra = importlib.import_module("spandrel_extra_arches")
    except ImportError as error:
        raise ModelUnavailable(
            "CodeFormer wants the package spandrel_extra_arches (non-commercial licence); "
            "install it beside Darkroom to use this model."
        ) from error
    extra.install(ignore_duplicates=True)


def _described(row: CatalogRow, descriptor: Any) -> LoadedModel:
    architecture = str(descriptor.architecture.id)
    if descriptor.purpose == "Inpainting":
        raise ModelUnavailable(f"{row.id} fills holes in pictures; Darkroom has no use for it yet.")
    purpose = {"SR": Purpose.UPSCALE, "FaceSR": Purpose.FACES, "Restoration": Purpose.DENOISE}[
        descriptor.purpose
    ]
    if row.purpose is not Purpose.UNKNOWN:
        purpose = row.purpose
    channels = descriptor.input_channels
    if channels not in (1, 3) or descriptor.output_channels != channels:
        raise ModelUnavailable(f"{row.id} wants {channels} channels; photos have 3.")
    if row.purpose is Purpose.UPSCALE and descriptor.scale != row.scale and not row.own:
        raise ModelUnavailable(f"{row.id} enlarges {descriptor.scale}×, not {row.scale}× as said.")
    module: nn.Module = descriptor.model
    module.requires_grad_(False).eval()
    needs = descriptor.size_requirements
    multiple = max(needs.multiple_of, _WINDOWS.get(architecture, 1))
    return LoadedModel(
        id=row.id,
        purpose=purpose,
        scale=descriptor.scale,
        channels=channels,
        multiple=multiple,
        minimum=max(needs.minimum, multiple),
        pad=_reach(architecture, module),
        module=module,
        call=_call(architecture, module, descriptor),
        half=descriptor.supports_half or architecture in _SOUND_IN_HALF,
        bfloat16=descriptor.supports_bfloat16,
        channels_last=architecture not in _PLAIN_LAYOUT,
        architecture=architecture,
        crop=row.crop,
        parameters=sum(parameter.numel() for parameter in module.parameters()),
    )


def _reach(architecture: str, module: nn.Module) -> int:
    """Context in pixels: exactly the receptive field where it is known, else CONTEXT."""
    if architecture == "Compact":
        convolutions = [part for part in module.modules() if isinstance(part, nn.Conv2d)]
        return sum(convolution.kernel_size[0] // 2 for convolution in convolutions)
    return CONTEXT


def _call(
    architecture: str, module: nn.Module, descriptor: Callable[[Tensor], Tensor]
) -> Callable[[Tensor], Tensor]:
    """How a batch in [0, 1] goes through the network."""
    # GFPGAN and CodeFormer speak [−1, 1], which spandrel's own call would clamp to [0, 1].
    if architecture == "GFPGAN":
        return lambda crop: _unsigned(
            module(_signed(crop), return_rgb=False, randomize_noise=False)[0]
        )
    if architecture == "CodeFormer":
        return lambda crop: _unsigned(module(_signed(crop), weight=0.5)[0])
    if architecture in _BATCHING:
        return descriptor
    return lambda batch: torch.cat([descriptor(single) for single in torch.split(batch, 1)])


def _signed(pixels: Tensor) -> Tensor:
    return pixels * 2 - 1


def _unsigned(pixels: Tensor) -> Tensor:
    return (pixels + 1) / 2


class Models:
    """The models of one worker: chooses among the installed ones and keeps the last few loaded.

    `chosen` names the model for a purpose whatever the ranks say; `on_cpu` puts light models
    before heavy ones. Raises ModelUnavailable at once if a chosen name is not installed.
    """

    def __init__(
        self,
        store: WeightsStore,
        *,
        chosen: Mapping[Purpose, str] | None = None,
        on_cpu: bool = True,
        keep: int = 4,
    ) -> None:
        self.store = store
        self._on_cpu = on_cpu
        self._keep = keep
        self._loaded: OrderedDict[str, LoadedModel] = OrderedDict()
        self._finder: tuple[str, FaceFinder] | None = None
        self._lock = threading.Lock()
        self._chosen: dict[Purpose, CatalogRow] = {}
        for purpose, name in (chosen or {}).items():
            row = store.catalog.find(name)
            store.path(row)
            if row.purpose not in (purpose, Purpose.UNKNOWN):
                raise ModelUnavailable(f"{row.id} is for {row.purpose}, not for {purpose}.")
            self._chosen[purpose] = row

    @classmethod
    def from_settings(cls, settings: WorkerSettings, store: WeightsStore) -> Self:
        """The models as a worker's settings name them."""
        wished = {
            Purpose.UPSCALE: settings.upscaler,
            Purpose.DENOISE: settings.denoiser,
            Purpose.FACES: settings.face_restorer,
        }
        chosen = {purpose: name for purpose, name in wished.items() if name}
        on_cpu = settings.device == "cpu" or not torch.cuda.is_available()
        return cls(store, chosen=chosen, on_cpu=on_cpu)

    def summary(self) -> str:
        """One line for a log: which model serves what."""
        able = self.capabilities()
        upscale = ", ".join(f"{scale}× {name}" for scale, name in able.upscale.items())
        return (
            f"upscale {upscale or 'none'}; denoise {able.denoise or 'none'}; "
            f"faces {able.faces or 'none'}; face finder {able.detect or 'none'}"
        )

    def capabilities(self, preset: Preset = Preset.AUTO) -> Capabilities:
        """What the installed models can do for a preset, by file names and catalog alone."""
        scales = {row.scale for row in self.store.rows(Purpose.UPSCALE)}
        chosen = self._chosen.get(Purpose.UPSCALE)
        if chosen is not None:
            scales.add(self._known(chosen).scale)
        upscale = {}
        for scale in sorted(scales):
            row = self._best(Purpose.UPSCALE, preset, scale)
            if row is not None and scale > 1:
                upscale[scale] = row.id
        serving = {
            purpose: self._best(purpose, preset)
            for purpose in (Purpose.DENOISE, Purpose.FACES, Purpose.DETECT)
        }
        ids = {purpose: row.id if row else None for purpose, row in serving.items()}
        return Capabilities(upscale, ids[Purpose.DENOISE], ids[Purpose.FACES], ids[Purpose.DETECT])

    def named(self, name: str) -> LoadedModel:
        """The model that a person means by `name`, loaded; raises ModelUnavailable."""
        return self._load(self.store.catalog.find(name))

    def finder(self) -> FaceFinder | None:
        """The face finder, None if no file for it is installed."""
        row = self._best(Purpose.DETECT, Preset.AUTO)
        if row is None:
            return None
        with self._lock:
            if self._finder is None or self._finder[0] != row.id:
                self.store.verify(row)
                self._finder = (row.id, FaceFinder(self.store.path(row)))
            return self._finder[1]

    def _best(
        self, purpose: Purpose, preset: Preset, scale: int | None = None
    ) -> CatalogRow | None:
        chosen = self._chosen.get(purpose)
        if chosen is not None and scale in (None, self._known(chosen).scale):
            return chosen
        style = "drawing" if preset is Preset.ART else "photo"
        rows = [
            row
            for row in self.store.rows(purpose)
            if scale in (None, row.scale) and row.style in (style, "photo")
        ]
        return max(rows, key=lambda row: self._merit(row, style), default=None)

    def _merit(self, row: CatalogRow, style: str) -> tuple[bool, bool, int]:
        return (not (row.heavy and self._on_cpu), row.style == style, row.rank)

    def _known(self, row: CatalogRow) -> CatalogRow:
        """The row with purpose and scale filled in, which wants a look into an unknown file."""
        if row.purpose is not Purpose.UNKNOWN:
            return row
        model = self._load(row)
        return row.model_copy(update={"purpose": model.purpose, "scale": model.scale})

    def _load(self, row: CatalogRow) -> LoadedModel:
        with self._lock:
            model = self._loaded.get(row.id)
            if model is None:
                self.store.verify(row)
                model = load(row, self.store.path(row))
                self.store.learn(
                    row,
                    purpose=model.purpose,
                    scale=model.scale,
                    architecture=model.architecture,
                )
                while len(self._loaded) >= self._keep:
                    self._loaded.popitem(last=False)
                self._loaded[row.id] = model
            self._loaded.move_to_end(row.id)
            return model

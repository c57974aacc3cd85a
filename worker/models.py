"""Model files made ready to run: read, mixed with their twins, and kept for the next photo."""

import importlib
import importlib.util
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from core.errors import ModelUnavailable
from core.language import _
from core.recipe import Preset
from core.settings import WorkerSettings
from weights.catalog import CatalogRow, Purpose
from weights.roster import Blend, Capabilities, Roster, check_package
from weights.store import WeightsStore
from weights.torchvision_ops import declare_missing_operators
from worker.faces import FaceFinder

__all__ = ["LoadedModel", "Models", "load", "load_blend"]

EXTRA_ARCHITECTURES = "spandrel_extra_arches"
"""More architectures under licences of their own, asked only about files that spandrel alone does
not know."""

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
    pixels of context. `crop` is the side of the restored face crop, for face
    restorers; the network is given `crop / scale` pixels.
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


def load(row: CatalogRow, path: Path) -> LoadedModel:
    """The network in `path`, on the CPU in float32; its hash must have been checked before.

    `.safetensors` is read by safetensors, anything else by `torch.load(weights_only=True)`, so no
    code in a file is ever run. Raises ModelUnavailable if no known architecture fits.
    """
    check_package(row)
    return _network(row, _state(row, path))


def load_blend(
    one: tuple[CatalogRow, Path], other: tuple[CatalogRow, Path], share: float
) -> LoadedModel:
    """The network between two files of it: `share` (0–1) of `one`, the rest of `other`.

    Everything else is as in `load`, as if it were `one`. Raises ModelUnavailable if the two are
    not the same network.
    """
    state, twin = _state(*one), _state(*other)
    same = state.keys() == twin.keys() and all(
        value.shape == twin[key].shape for key, value in state.items()
    )
    if not same:
        raise ModelUnavailable(
            _("{one} and {other} are not the same network, so they cannot be mixed.").format(
                one=one[0].id, other=other[0].id
            )
        )
    for key, value in state.items():
        # Counters and index tables, which are the same in both, are kept as they are.
        if value.is_floating_point():
            state[key] = value.float() * share + twin[key].float() * (1 - share)
    return _network(one[0], state)


def _network(row: CatalogRow, state: dict[str, Tensor]) -> LoadedModel:
    declare_missing_operators()
    import spandrel

    try:
        try:
            descriptor = spandrel.ModelLoader().load_from_state_dict(state)
        except spandrel.UnsupportedModelError:
            if importlib.util.find_spec(EXTRA_ARCHITECTURES) is None:
                raise
            importlib.import_module(EXTRA_ARCHITECTURES).install(ignore_duplicates=True)
            descriptor = spandrel.ModelLoader().load_from_state_dict(state)
    except (spandrel.UnsupportedModelError, RuntimeError, KeyError) as error:
        raise ModelUnavailable(
            _("The model file {file} is of no architecture that Darkroom can run.").format(
                file=row.file
            )
        ) from error
    return _described(row, descriptor)


def _state(row: CatalogRow, path: Path) -> dict[str, Tensor]:
    """The tensors of a file by their plain names, unwrapped from `params_ema` and the like."""
    declare_missing_operators()
    import spandrel

    try:
        if path.suffix.lower() == ".safetensors":
            from safetensors.torch import load_file

            state: dict[str, Any] = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
        tensors: dict[str, Tensor] = spandrel.canonicalize_state_dict(state)
    except Exception as error:
        # The readers raise a dozen types for broken files; what helps is the file's name.
        raise ModelUnavailable(
            _(
                "The model file {file} cannot be read: it is broken or holds more than weights."
            ).format(file=row.file)
        ) from error
    return tensors


def _described(row: CatalogRow, descriptor: Any) -> LoadedModel:
    architecture = str(descriptor.architecture.id)
    if descriptor.purpose == "Inpainting":
        raise ModelUnavailable(
            _("{model} fills holes in pictures; Darkroom has no use for it yet.").format(
                model=row.id
            )
        )
    purpose = {"SR": Purpose.UPSCALE, "FaceSR": Purpose.FACES, "Restoration": Purpose.DENOISE}[
        descriptor.purpose
    ]
    if row.purpose is not Purpose.UNKNOWN:
        purpose = row.purpose
    channels = descriptor.input_channels
    if channels not in (1, 3) or descriptor.output_channels != channels:
        raise ModelUnavailable(
            _("{model} wants {channels} channels; photos have 3.").format(
                model=row.id, channels=channels
            )
        )
    if row.purpose is Purpose.UPSCALE and descriptor.scale != row.scale and not row.own:
        raise ModelUnavailable(
            _("{model} enlarges {scale}×, not {said}× as said.").format(
                model=row.id, scale=descriptor.scale, said=row.scale
            )
        )
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
    """The models of one worker: which of them serves, and the last few kept loaded.

    `chosen` and `on_cpu` are as Roster takes them. Raises ModelUnavailable at once if a chosen
    name is not installed.
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
        self.roster = Roster(store, chosen=chosen, on_cpu=on_cpu, look=self._known)
        self._keep = keep
        self._loaded: OrderedDict[Blend, LoadedModel] = OrderedDict()
        self._finder: tuple[str, FaceFinder] | None = None
        self._lock = threading.Lock()

    @classmethod
    def from_settings(cls, settings: WorkerSettings, store: WeightsStore) -> Self:
        """The models as a worker's settings name them."""
        on_cpu = settings.device == "cpu" or not torch.cuda.is_available()
        return cls(store, chosen=Roster.wished(settings), on_cpu=on_cpu)

    def summary(self) -> str:
        """One line for a log: which model serves what."""
        able = self.capabilities()
        upscale = ", ".join(f"{scale}× {name}" for scale, name in able.upscale.items())
        return (
            f"upscale {upscale or 'none'}; denoise {able.denoise or 'none'}; "
            f"faces {able.faces or 'none'}; face finder {able.detect or 'none'}"
        )

    def capabilities(self, preset: Preset = Preset.AUTO, model: str | None = None) -> Capabilities:
        """What the installed models can do for a photo, as Roster tells."""
        return self.roster.capabilities(preset, model)

    def asked(self, name: str) -> CatalogRow:
        """The model that the sender of a photo means; raises ModelUnavailable in their words."""
        return self.roster.asked(name)

    def named(self, name: str) -> LoadedModel:
        """The model called `name`, loaded; raises ModelUnavailable."""
        return self._load(self.store.catalog.find(name))

    def blended(self, blend: Blend) -> LoadedModel:
        """A model by its id, mixed with its twin if it has one; raises ModelUnavailable."""
        rows = self.store.catalog
        twin = None if blend.twin is None else rows.find(blend.twin)
        return self._load(rows.find(blend.id), twin, blend.share)

    def finder(self, name: str | None = None) -> FaceFinder | None:
        """The face finder, by id or the best one; None if no file for it is installed."""
        name = name or self.capabilities().detect
        if name is None:
            return None
        row = self.store.catalog.find(name)
        with self._lock:
            if self._finder is None or self._finder[0] != row.id:
                self._finder = (row.id, FaceFinder(self._verified(row)))
            return self._finder[1]

    def _known(self, row: CatalogRow) -> CatalogRow:
        """The row with purpose and scale filled in, which wants a look into an unknown file."""
        if row.purpose is not Purpose.UNKNOWN:
            return row
        model = self._load(row)
        return row.model_copy(update={"purpose": model.purpose, "scale": model.scale})

    def _load(
        self, row: CatalogRow, twin: CatalogRow | None = None, share: int = 100
    ) -> LoadedModel:
        blend = Blend(row.id, None if twin is None else twin.id, share)
        with self._lock:
            model = self._loaded.get(blend)
            if model is None:
                if twin is None:
                    model = load(row, self._verified(row))
                else:
                    one, other = (row, self._verified(row)), (twin, self._verified(twin))
                    model = load_blend(one, other, share / 100)
                self.store.learn(
                    row,
                    purpose=model.purpose,
                    scale=model.scale,
                    architecture=model.architecture,
                )
                while len(self._loaded) >= self._keep:
                    self._loaded.popitem(last=False)
                self._loaded[blend] = model
            self._loaded.move_to_end(blend)
            return model

    def _verified(self, row: CatalogRow) -> Path:
        self.store.verify(row)
        return self.store.path(row)

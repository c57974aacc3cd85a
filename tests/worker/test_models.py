"""Loading without running anything a file may hold, and who serves what."""

import pickle
from pathlib import Path

import pytest
import torch

from core.errors import ModelUnavailable
from core.recipe import Preset
from core.settings import WorkerSettings
from tests.worker.networks import Lab, compact, loaded, picture, row, save
from weights.catalog import Catalog, CatalogRow, Purpose
from weights.roster import Blend
from weights.store import WeightsStore
from worker.engine import Engine
from worker.models import Models, load


def store(folder: Path, rows: list[CatalogRow]) -> WeightsStore:
    return WeightsStore(folder, catalog=Catalog(rows), shipped=folder)


def test_safetensors_and_pth_are_the_same_model(tmp_path: Path) -> None:
    network = compact(2)
    pixels = picture(20, 30)
    torch.save({"params": network.state_dict()}, tmp_path / "net.pth")
    from_pth = load(row("net.pth"), tmp_path / "net.pth")
    from_safetensors = loaded(network, tmp_path)
    engine = Engine("cpu")
    assert (engine.run(from_pth, pixels) == engine.run(from_safetensors, pixels)).all()
    assert from_pth.purpose is Purpose.UPSCALE
    assert (from_pth.scale, from_pth.channels, from_pth.multiple) == (2, 3, 1)
    assert from_pth.pad == 6 + 2, "one pixel of context a convolution"


class Trap:
    """Pickles into a call that leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("plain_pickle", [False, True])
def test_code_in_a_file_is_never_run(tmp_path: Path, plain_pickle: bool) -> None:
    path, mark = tmp_path / "trap.pth", tmp_path / "mark"
    if plain_pickle:
        path.write_bytes(pickle.dumps(Trap(mark)))
    else:
        torch.save({"params": {"x": torch.zeros(1)}, "more": Trap(mark)}, path)
    with pytest.raises(ModelUnavailable, match="broken or holds more than weights"):
        load(row("trap.pth"), path)
    assert not mark.exists()


@pytest.mark.parametrize("name", ["known.pth", "known.safetensors", "known.onnx"])
def test_a_published_file_that_was_replaced_is_refused_unopened(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark, opened = tmp_path / "mark", []
    (tmp_path / name).write_bytes(pickle.dumps(Trap(mark)))
    purpose = Purpose.DETECT if name.endswith(".onnx") else Purpose.UPSCALE
    known = row(name, purpose, 2, own=False, url="https://x.example/known", sha256="ab" * 32)
    for reader in ("worker.models.load", "worker.models.FaceFinder"):
        monkeypatch.setattr(reader, lambda *given: opened.append(given))
    models = Models(store(tmp_path, [known]))
    with pytest.raises(ModelUnavailable, match="damaged or not the published one"):
        models.finder("known") if purpose is Purpose.DETECT else models.named("known")
    assert opened == []
    assert not mark.exists()


@pytest.mark.parametrize("name", ["broken.pth", "broken.safetensors"])
def test_broken_file_is_said(tmp_path: Path, name: str) -> None:
    whole = save(compact(), tmp_path / "whole.safetensors").read_bytes()
    (tmp_path / name).write_bytes(whole[:1000])
    with pytest.raises(ModelUnavailable, match=rf"{name} cannot be read"):
        load(row(name), tmp_path / name)


def test_unknown_architecture_is_said(tmp_path: Path) -> None:
    network = torch.nn.Sequential(torch.nn.Linear(3, 3))
    with pytest.raises(ModelUnavailable, match="no architecture that Darkroom can run"):
        loaded(network, tmp_path)


def test_catalog_row_must_tell_the_true_scale(tmp_path: Path) -> None:
    path = save(compact(2), tmp_path / "net.safetensors")
    with pytest.raises(ModelUnavailable, match="enlarges 2×, not 4×"):
        load(row("net.safetensors", Purpose.UPSCALE, 4, own=False), path)


def test_model_says_which_package_it_wants(tmp_path: Path) -> None:
    path = save(compact(), tmp_path / "net.safetensors")
    with pytest.raises(ModelUnavailable, match="its package no_such_package is not installed"):
        load(row("net.safetensors", package="no_such_package"), path)


def test_drunet_takes_batches(tmp_path: Path) -> None:
    """spandrel's call adds a noise map for one picture only."""
    from spandrel.architectures.DRUNet import DRUNet

    torch.manual_seed(3)
    network = DRUNet(in_nc=4, out_nc=3, nc=[8, 8, 8, 8], nb=2, downsample_mode="strideconv")
    model = loaded(network, tmp_path)
    batch = torch.rand(3, 3, 32, 40)
    with torch.inference_mode():
        together = model.call(batch)
        single = torch.cat([model.call(one) for one in torch.split(batch, 1)])
    assert (model.purpose, model.multiple) == (Purpose.DENOISE, 8)
    assert torch.allclose(together, single)


def test_shipped_models_are_what_the_catalog_says() -> None:
    models = Models(WeightsStore(None))
    for known in Catalog.load():
        if known.shipped and known.purpose is Purpose.DETECT:
            assert models.finder(known.id) is not None
        elif known.shipped:
            model = models.named(known.id)
            assert model.architecture == known.architecture
            assert model.purpose is known.purpose
            assert model.scale == known.scale


def test_one_model_serves_each_purpose(tmp_path: Path) -> None:
    capable = Lab(tmp_path).models.capabilities()
    assert capable.upscale == {2: "tiny-x2", 4: "tiny-x4"}
    assert capable.denoise == "tiny-denoise"
    assert capable.faces == "tiny-faces"
    assert capable.detect is None


def test_nothing_installed_is_no_failure(tmp_path: Path) -> None:
    capable = Models(WeightsStore(tmp_path, shipped=tmp_path)).capabilities()
    assert not capable.upscale
    assert capable.denoise is None


RANKED = [
    row("small.safetensors", Purpose.UPSCALE, 2, rank=10),
    row("large.safetensors", Purpose.UPSCALE, 2, rank=50, heavy=True),
    row("drawn.safetensors", Purpose.UPSCALE, 2, rank=5, style="drawing"),
]


@pytest.mark.parametrize(
    ("on_cpu", "preset", "expected"),
    [
        (True, Preset.AUTO, "small"),
        (False, Preset.AUTO, "large"),
        (False, Preset.PORTRAIT, "large"),
        (True, Preset.ART, "drawn"),
    ],
)
def test_rank_style_and_device_choose(
    tmp_path: Path, on_cpu: bool, preset: Preset, expected: str
) -> None:
    for one in RANKED:
        save(compact(2, features=4, layers=1), tmp_path / one.file)
    models = Models(store(tmp_path, RANKED), on_cpu=on_cpu)
    assert models.capabilities(preset).upscale == {2: expected}


def test_setting_wins_over_ranks_for_its_scale(tmp_path: Path) -> None:
    for one in RANKED:
        save(compact(2, features=4, layers=1), tmp_path / one.file)
    models = Models.from_settings(
        WorkerSettings(device="cpu", upscaler="LARGE"), store(tmp_path, RANKED)
    )
    assert models.capabilities().upscale == {2: "large"}
    assert models.capabilities(Preset.ART).upscale == {2: "large"}
    assert "2× large" in models.summary()


def test_setting_may_name_a_dropped_file_of_any_scale(tmp_path: Path) -> None:
    save(compact(3, features=4, layers=1), tmp_path / "community-x3.safetensors")
    models = Models(
        WeightsStore(tmp_path, catalog=Catalog([]), shipped=tmp_path),
        chosen={Purpose.UPSCALE: "community x3"},
    )
    assert models.capabilities().upscale == {3: "community-x3"}
    learnt = models.store.catalog.find("community-x3")
    assert (learnt.purpose, learnt.scale, learnt.architecture) == (Purpose.UPSCALE, 3, "Compact")


def test_setting_for_a_missing_model_fails_at_once(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="darkroom weights fetch gfpgan"):
        Models(WeightsStore(tmp_path), chosen={Purpose.FACES: "gfpgan"})


def test_setting_for_another_purpose_fails_at_once(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    with pytest.raises(ModelUnavailable, match="tiny-denoise is for denoise, not for upscale"):
        Models(lab.store, chosen={Purpose.UPSCALE: "tiny-denoise"})


def test_changed_file_is_refused_when_it_is_loaded(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.models.named("tiny-x2")
    save(compact(2, features=8, layers=2, seed=99), tmp_path / "tiny-x2.safetensors")
    with pytest.raises(ModelUnavailable, match="changed since"):
        Models(lab.store).named("tiny-x2")


def test_last_few_models_stay_loaded(tmp_path: Path) -> None:
    models = Models(Lab(tmp_path).store, keep=2)
    first = models.named("tiny-x4")
    second = models.named("tiny-x2")
    assert models.named("tiny-x4") is first
    models.named("tiny-denoise")
    assert models.named("tiny-x4") is first
    assert models.named("tiny-x2") is not second


def twins(folder: Path, *, other: torch.nn.Module | None = None) -> Models:
    """Two trainings of one network, `vivid` and `plain`, or `plain` another network."""
    rows = [
        row("vivid.pth", Purpose.UPSCALE, 2, faithful_twin="plain"),
        row("plain.safetensors", Purpose.UPSCALE, 2),
    ]
    vivid = {key: value.half() for key, value in compact(2, seed=1).state_dict().items()}
    torch.save({"params_ema": vivid}, folder / "vivid.pth")
    save(other or compact(2, seed=2), folder / "plain.safetensors")
    return Models(store(folder, rows), keep=3)


def test_blend_is_linear_between_the_twins_weights(tmp_path: Path) -> None:
    models = twins(tmp_path)
    assert models.capabilities().pairs["plain"] == ("vivid", "plain")
    blend = models.blended(Blend("vivid", "plain", 30)).module.state_dict()
    vivid, plain = (models.named(name).module.state_dict() for name in ("vivid", "plain"))
    for key, value in blend.items():
        assert value.dtype == torch.float32
        assert torch.allclose(value, 0.3 * vivid[key] + 0.7 * plain[key], atol=1e-6)
    first = "body.0.weight"
    assert not torch.allclose(vivid[first], plain[first], atol=0.1)


def test_ends_of_a_blend_are_the_twins_themselves(tmp_path: Path) -> None:
    models = twins(tmp_path)
    pixels, engine = picture(30, 40), Engine("cpu")
    results = [
        engine.run(models.blended(Blend.between("vivid", "plain", share)), pixels)
        for share in (0, 50, 100)
    ]
    for result, name in ((results[0], "plain"), (results[2], "vivid")):
        assert (result == engine.run(models.named(name), pixels)).all()
    assert (results[1] != results[0]).any()
    assert (results[1] != results[2]).any()


def test_blends_are_kept_loaded_by_their_share(tmp_path: Path) -> None:
    models = twins(tmp_path)
    one, two = (models.blended(Blend("vivid", "plain", share)) for share in (30, 40))
    assert one is not two
    assert models.blended(Blend("vivid", "plain", 30)) is one
    for share in (50, 60):
        models.blended(Blend("vivid", "plain", share))
    assert models.blended(Blend("vivid", "plain", 30)) is one
    assert models.blended(Blend("vivid", "plain", 40)) is not two


def test_twins_of_different_networks_cannot_be_mixed(tmp_path: Path) -> None:
    models = twins(tmp_path, other=compact(2, features=8))
    with pytest.raises(ModelUnavailable, match="vivid and plain are not the same network"):
        models.blended(Blend("vivid", "plain", 30))
    assert models.blended(Blend("vivid")).scale == 2


def test_damaged_twin_is_said(tmp_path: Path) -> None:
    models = twins(tmp_path)
    models.named("plain")
    save(compact(2, seed=9), tmp_path / "plain.safetensors")
    with pytest.raises(ModelUnavailable, match=r"plain\.safetensors has changed"):
        models.blended(Blend("vivid", "plain", 30))


def test_asked_file_of_unknown_kind_is_looked_into(tmp_path: Path) -> None:
    save(compact(3, features=4, layers=1), tmp_path / "Community-x3.safetensors")
    models = Models(WeightsStore(tmp_path, catalog=Catalog([]), shipped=tmp_path))
    assert not models.capabilities().upscale
    able = models.capabilities(Preset.AUTO, "community x3")
    assert able.upscale == {3: "Community-x3"}
    assert able.asked is not None
    assert (able.asked.purpose, able.asked.scale) == (Purpose.UPSCALE, 3)


def test_file_that_is_no_face_finder_is_said(tmp_path: Path) -> None:
    (tmp_path / "yunet-broken.onnx").write_bytes(b"not onnx")
    models = Models(WeightsStore(tmp_path, catalog=Catalog([]), shipped=tmp_path))
    with pytest.raises(ModelUnavailable, match=r"face finder yunet-broken\.onnx"):
        models.finder()
    with pytest.raises(ModelUnavailable, match="face finder yunet-broken"):
        models.finder("yunet-broken")

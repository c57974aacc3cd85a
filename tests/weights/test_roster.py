"""Who serves what, who is meant by a name, and what is said when nobody is."""

from pathlib import Path

import pytest

from core.errors import ModelUnavailable
from core.recipe import Preset
from core.settings import WorkerSettings
from weights.catalog import Catalog, Purpose
from weights.roster import Blend, Roster
from weights.store import WeightsStore


def roster(folder: Path, *ids: str, on_cpu: bool = False, **chosen: str) -> Roster:
    """A roster over the published catalog with these models installed, as empty files."""
    folder.mkdir(exist_ok=True)
    catalog = Catalog.load()
    for name in ids:
        (folder / catalog.find(name).file).touch()
    store = WeightsStore(folder, catalog=catalog, shipped=folder)
    return Roster(
        store,
        on_cpu=on_cpu,
        chosen={Purpose(purpose): name for purpose, name in chosen.items()},
    )


def test_official_models_go_first_and_heavy_ones_wait_for_a_gpu(tmp_path: Path) -> None:
    ids = ("darkroom-x4", "realesr-general-x4v3", "realesrgan-x4plus", "scunet", "darkroom-denoise")
    on_gpu = roster(tmp_path, *ids).capabilities()
    assert (on_gpu.upscale[4], on_gpu.denoise) == ("realesrgan-x4plus", "scunet-color-real-psnr")
    on_cpu = roster(tmp_path, *ids, on_cpu=True).capabilities()
    assert (on_cpu.upscale[4], on_cpu.denoise) == ("realesr-general-x4v3", "darkroom-denoise")


def test_published_face_models_go_before_ones_of_our_own(tmp_path: Path) -> None:
    catalog = Catalog.load()
    store = WeightsStore(tmp_path / "mine", catalog=catalog, shipped=tmp_path)
    (tmp_path / "mine").mkdir()
    for name in ("darkroom-face", "darkroom-finder"):
        (tmp_path / catalog.find(name).file).touch()
    able = Roster(store).capabilities()
    assert (able.faces, able.detect) == ("darkroom-face", "darkroom-finder")
    (tmp_path / "mine" / "face_detection_yunet_2099.onnx").touch()
    assert Roster(store).capabilities().detect == "face_detection_yunet_2099"
    for name in ("gfpgan-v1.4", "yunet-2023mar"):
        (tmp_path / "mine" / catalog.find(name).file).touch()
    able = Roster(store).capabilities()
    assert (able.faces, able.detect) == ("gfpgan-v1.4", "yunet-2023mar")


def test_drawings_are_enlarged_by_the_scales_that_know_drawings(tmp_path: Path) -> None:
    photos = ("darkroom-x4", "realesrgan-x2plus")
    art = roster(tmp_path, *photos).capabilities(Preset.ART)
    assert art.upscale == {2: "realesrgan-x2plus", 4: "darkroom-x4"}
    both = roster(tmp_path, "realesr-animevideov3")
    assert both.capabilities(Preset.ART).upscale == {4: "realesr-animevideov3"}
    assert both.capabilities().upscale == {2: "realesrgan-x2plus", 4: "darkroom-x4"}
    asked = both.capabilities(Preset.ART, "realesrgan-x2plus")
    assert asked.upscale == {2: "realesrgan-x2plus", 4: "realesr-animevideov3"}
    wished = roster(tmp_path, upscale="realesrgan-x2plus")
    assert wished.capabilities(Preset.ART).upscale == asked.upscale


def test_a_heavy_model_for_drawings_waits_for_a_gpu(tmp_path: Path) -> None:
    ids = ("darkroom-x2", "darkroom-x4", "realesrgan-x4plus-anime")
    on_cpu = roster(tmp_path, *ids, on_cpu=True).capabilities(Preset.ART)
    assert on_cpu.upscale == {2: "darkroom-x2", 4: "darkroom-x4"}
    on_gpu = roster(tmp_path, *ids).capabilities(Preset.ART)
    assert on_gpu.upscale == {4: "realesrgan-x4plus-anime"}


def test_twins_count_where_both_are_installed(tmp_path: Path) -> None:
    alone = roster(tmp_path, "realesrgan-x4plus", "realesr-general-x4v3").capabilities()
    assert not alone.pairs
    assert not alone.grainy
    both = roster(tmp_path, "realesrnet-x4plus", "wdn").capabilities()
    pair = ("realesrgan-x4plus", "realesrnet-x4plus")
    assert both.pairs == dict.fromkeys(pair, pair)
    assert both.grainy == {"realesr-general-x4v3": "realesr-general-wdn-x4v3"}
    assert both.serving() == set(pair)


def test_model_without_its_package_never_serves_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("weights.roster.runnable", lambda row: not row.package)
    able = roster(tmp_path, "codeformer")
    assert able.capabilities().faces is None
    with pytest.raises(ModelUnavailable, match="its package spandrel_extra_arches is not") as told:
        able.asked("codeformer")
    assert "Install" not in told.value.text, "nobody in a chat can install it"
    with pytest.raises(ModelUnavailable, match="spandrel_extra_arches"):
        roster(tmp_path, "codeformer", faces="codeformer")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("general-x4v3", "realesr-general-x4v3"),
        ("general", "realesr-general-x4v3"),  # Its twin would fit too, but is not installed.
        ("x4plus", "realesrgan-x4plus"),
        ("mein netz", "Mein_Netz-x3"),
    ],
)
def test_names_are_looked_for_among_the_installed(tmp_path: Path, said: str, meant: str) -> None:
    able = roster(tmp_path, "realesr-general-x4v3", "realesrgan-x4plus")
    (tmp_path / "Mein_Netz-x3.safetensors").touch()
    assert able.asked(said).id == meant


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("swinir", "swinir-m-x4-gan is not installed here. Installed are: realesrgan-x4plus-"),
        ("realesrgan-x4plus", "realesrgan-x4plus is not installed here."),
        ("gfpgn", "no model called “gfpgn”. Did you mean gfpgan-v1.4? Installed are: "),
        ("qqqq", "There is no model called “qqqq”. Installed are: "),
        ("realesr", "“realesr” fits several models: realesrgan-x4plus-anime, realesr-general-x4v3"),
    ],
)
def test_wrong_names_are_answered_for_somebody_in_a_chat(
    tmp_path: Path, said: str, sentence: str
) -> None:
    able = roster(tmp_path, "realesrgan-x4plus-anime", "realesr-general-x4v3", "yunet-2023mar")
    with pytest.raises(ModelUnavailable) as raised:
        able.asked(said)
    assert sentence in raised.value.text
    assert "`" not in raised.value.text
    assert "yunet" not in raised.value.text


def test_empty_lab_has_nothing_to_offer(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"not installed here\. No model is installed\."):
        roster(tmp_path).asked("gfpgan")


def test_asked_model_serves_its_purpose_and_scale_alone(tmp_path: Path) -> None:
    able = roster(tmp_path, "darkroom-x4", "darkroom-x2", "general-x4v3", "gfpgan", "scunet")
    asked = able.capabilities(Preset.AUTO, "darkroom-x4")
    assert asked.upscale == {2: "darkroom-x2", 4: "darkroom-x4"}
    assert asked.asked is not None
    assert asked.asked.id == "darkroom-x4"
    assert asked.chosen == {"darkroom-x4"}
    assert (asked.faces, asked.denoise) == ("gfpgan-v1.4", "scunet-color-real-psnr")
    assert able.capabilities().chosen == frozenset()


def test_asked_model_goes_before_the_settings(tmp_path: Path) -> None:
    able = roster(tmp_path, "darkroom-x4", "general-x4v3", upscale="general-x4v3")
    assert able.capabilities(Preset.AUTO, "darkroom-x4").upscale == {4: "darkroom-x4"}
    assert able.capabilities().upscale == {4: "realesr-general-x4v3"}


def test_settings_name_models_by_purpose() -> None:
    settings = WorkerSettings(upscaler="a", denoiser="b", face_restorer=None)
    assert Roster.wished(settings) == {Purpose.UPSCALE: "a", Purpose.DENOISE: "b"}


@pytest.mark.parametrize(
    ("share", "blend"), [(0, Blend("b")), (40, Blend("a", "b", 40)), (100, Blend("a"))]
)
def test_ends_of_a_blend_are_one_model_alone(share: int, blend: Blend) -> None:
    assert Blend.between("a", "b", share) == blend
    assert str(Blend.between("a", "b", 40)) == "a 40 %"
    assert str(Blend("a")) == "a"

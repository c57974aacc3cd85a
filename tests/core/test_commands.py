import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.commands import FORMS, Action, Command, parse
from core.errors import CommandError
from core.recipe import MODEL_NAME_MAX, PLAIN, SCALES, Format, Preset, Recipe, Which

RECIPES = {
    "/enhance": Recipe(),
    "/portrait": Recipe(preset=Preset.PORTRAIT),
    "/landscape": Recipe(preset=Preset.LANDSCAPE),
    "/art": Recipe(preset=Preset.ART),
    "/light": Recipe(denoise=0, faces=0, light=70, sharpen=0, scale=1),
    "/light 30": Recipe(denoise=0, faces=0, light=30, sharpen=0, scale=1),
    "/sharpen 80": Recipe(faces=0, light=0, sharpen=80, scale=1),
    "/enhance light:40 grain off": Recipe(light=40, grain=0),
    "/upscale 4x sharp": Recipe(light=0, scale=4, sharpen=50),
    "/portrait 60 png": Recipe(preset=Preset.PORTRAIT, faces=60, format=Format.PNG),
    "/upscale": Recipe(light=0, scale=4),
    "/upscale 2": Recipe(light=0, scale=2),
    "/upscale x8": Recipe(light=0, scale=8),
    "/UPSCALE ×3": Recipe(light=0, scale=3),
    "/upscale 2x, png.": Recipe(light=0, scale=2, format=Format.PNG),
    "/upscale 3000px": Recipe(light=0, long_edge=3000),
    "/upscale 4k webp": Recipe(light=0, long_edge=3840, format=Format.WEBP),
    "/enhance 8k": Recipe(long_edge=7680),
    "/enhance 4k 2x": Recipe(scale=2),
    "/enhance 2x 4k": Recipe(long_edge=3840),
    "/denoise": Recipe(denoise=60, faces=0, scale=1, light=0, sharpen=0),
    "/denoise 35": Recipe(denoise=35, faces=0, scale=1, light=0, sharpen=0),
    "/denoise 35%": Recipe(denoise=35, faces=0, scale=1, light=0, sharpen=0),
    "/faces 80": Recipe(denoise=0, faces=80, scale=1, light=0, sharpen=0),
    "/faces 0": Recipe(denoise=0, faces=0, scale=1, light=0, sharpen=0),
    "/enhance denoise 30 2x": Recipe(denoise=30, scale=2),
    "/enhance faces:70 denoise=0": Recipe(denoise=0, faces=70),
    "/enhance faces off": Recipe(faces=0),
    "/enhance faces max soft": Recipe(faces=100, intensity=60),
    "/enhance strong nocollage jpg": Recipe(intensity=150, collage=False, format=Format.JPEG),
    "/enhance format:png scale:4x": Recipe(format=Format.PNG, scale=4),
    "/enhance\n2x\tpng": Recipe(scale=2, format=Format.PNG),
    "/enhance creativity 40": Recipe(creativity=40),
    "/upscale 4x creativity:70%": Recipe(light=0, scale=4, creativity=70),
    "/landscape vivid": Recipe(preset=Preset.LANDSCAPE, creativity=100),
    "/enhance faithful 2x": Recipe(creativity=0, scale=2),
    "/enhance vivid creativity off": Recipe(creativity=0),
    "/upscale 4x model:general-x4v3": Recipe(light=0, scale=4, model="general-x4v3"),
    "/upscale model RealESRGAN_x4plus png": Recipe(
        light=0, scale=4, model="realesrgan_x4plus", format=Format.PNG
    ),
    "/portrait 60 model=codeformer": Recipe(preset=Preset.PORTRAIT, faces=60, model="codeformer"),
    "/enhance faces:main": Recipe(which_faces=Which.MAIN),
    "/faces main 60": Recipe(
        denoise=0, faces=60, scale=1, which_faces=Which.MAIN, light=0, sharpen=0
    ),
    "/enhance faces:all faces:60": Recipe(which_faces=Which.ALL, faces=60),
    "/portrait faces none": Recipe(preset=Preset.PORTRAIT, which_faces=Which.NONE),
    "/portrait faces:none faces:main": Recipe(preset=Preset.PORTRAIT, which_faces=Which.MAIN),
}


@pytest.mark.parametrize(("text", "recipe"), RECIPES.items())
def test_a_command_becomes_its_recipe(text: str, recipe: Recipe) -> None:
    command = parse(text)
    assert command is not None
    assert command.action is Action.ENHANCE
    assert command.recipe == recipe


@pytest.mark.parametrize("name", ["start", "help", "status", "cancel"])
def test_talk_commands_need_no_photo_and_ignore_further_words(name: str) -> None:
    command = parse(f"/{name} whatever")
    assert command is not None
    assert command.action is Action(name)


@pytest.mark.parametrize(
    ("text", "bot", "known"),
    [
        ("/upscale@lab_bot 4x", "lab_bot", True),
        ("/upscale@LAB_bot 4x", "lab_bot", True),
        ("/upscale@other_bot 4x", "lab_bot", False),
        ("/upscale@lab_bot 4x", None, False),
        ("/upscale@lab_botx 4x", "lab_bot", False),
    ],
)
def test_a_command_addressed_by_name_is_ours_alone(text: str, bot: str | None, known: bool) -> None:
    command = parse(text, bot=bot)
    assert command == (
        Command("upscale", Action.ENHANCE, Recipe(scale=4, light=0)) if known else None
    )


@pytest.mark.parametrize(
    "text", ["", " ", "hello", "my cat /upscale 4x", "//", "/ upscale", "/", "4x", "/up-scale"]
)
def test_what_is_no_command_is_none(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("/upscal 4x", "Did you mean /upscale?"),
        ("/potrait", "Did you mean /portrait?"),
        ("/zzzzzz", "/help shows what I understand."),
        ("/upscale sharpp", "Did you mean sharp?"),
        ("/upscale pgn", "Did you mean png?"),
        ("/enhance denois 30", "Did you mean denoise?"),
        ("/upscale 5x", "Try 4x."),
        ("/upscale 7", "Try 8x."),
        ("/upscale 100x", "Try 8x."),
        ("/denoise 101", "0 to 100"),
        ("/portrait 999999999", "0 to 100"),
        ("/enhance faces", "faces 60"),
        ("/enhance faces png", "faces 60"),
        ("/enhance face:60", "Did you mean faces?"),
        ("/enhance format:gif", "jpeg, png and webp"),
        ("/enhance creativity", "creativity 60"),
        ("/enhance creativity 101", "0 to 100"),
        ("/enhance creativty 60", "Did you mean creativity?"),
        ("/enhance vived", "Did you mean vivid?"),
        ("/enhance faces front", "main"),
        ("/upscale 4x model", "model general-x4v3"),
        ("/upscale modle:general", "Did you mean model?"),
        ("/upscale model:" + "x" * (MODEL_NAME_MAX + 1), "No model is called"),
        ("/upscale model:\u202egeneral", "No model is called “general”"),
        ("/enhance 15px", "16px to 20000px"),
        ("/enhance 20001px", "16px to 20000px"),
        ("/enhance " + "png " * 25, "A few words are enough"),
    ],
)
def test_a_wrong_word_gets_the_nearest_right_one(text: str, sentence: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse(text)
    assert sentence in caught.value.text


def test_in_a_group_an_unknown_command_is_another_bots() -> None:
    assert parse("/weather", bot="lab", ours=False) is None
    with pytest.raises(CommandError, match="/weather"):
        parse("/weather@lab", bot="lab", ours=False)
    with pytest.raises(CommandError):
        parse("/weather", bot="lab", ours=True)


def test_a_hostile_word_is_shortened_and_made_printable() -> None:
    with pytest.raises(CommandError) as caught:
        parse("/upscale " + "\u202eabc\x07" * 50)
    assert len(caught.value.text) < 150
    assert caught.value.text.isprintable()


WORDS = st.sampled_from(
    [
        *("4x", "x9", "60", "faces", "denoise", "creativity", "model", "main", ":", "off", "png"),
        *("3000px", "sharp", "@lab", "٣x", "²"),
    ]
)


@given(
    st.text(max_size=60)
    | st.builds("/{}".format, st.text(max_size=60))
    | st.builds(
        lambda name, words: f"/{name} {' '.join(words)}",
        st.sampled_from(list(FORMS)),
        st.lists(WORDS | st.text(max_size=8), max_size=30),
    )
)
def test_no_text_breaks_the_grammar(text: str) -> None:
    for ours in (True, False):
        with contextlib.suppress(CommandError):
            command = parse(text, bot="lab", ours=ours)
            recipe = command.recipe if command else PLAIN
            assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe
            assert recipe.scale is None or recipe.scale in SCALES
            assert recipe.scale is None or recipe.long_edge is None


@given(st.permutations(["4x", "png", "sharp", "faces:20", "soft"]))
def test_the_order_of_words_does_not_matter(words: list[str]) -> None:
    command = parse("/enhance " + " ".join(words))
    assert command is not None
    assert command.recipe == Recipe(scale=4, format=Format.PNG, sharpen=50, faces=20, intensity=60)


def test_every_command_tells_what_it_does() -> None:
    for name, form in FORMS.items():
        assert name.isascii()
        assert name.islower()
        assert 3 <= len(form.summary) <= 60

import pytest

from core import keys
from core.buttons import Buttons, Choice, Offer
from core.recipe import Recipe, Which
from core.store import Client

OFFER = Offer(platform="test", user="ann", refs=("r1", "r2"), recipe=Recipe(scale=2))


async def test_an_offer_is_found_by_its_buttons_data(client: Client) -> None:
    buttons = Buttons(client)
    made = await buttons.offer(OFFER)
    for choice in Choice:
        assert await buttons.find(Buttons.data(made, choice)) == (OFFER, choice)
    assert await client.ttl(keys.button(made)) > 29 * 24 * 3600


async def test_an_offer_of_an_earlier_version_still_counts(client: Client) -> None:
    old = (
        '{"platform":"test","user":"ann","address":{"chat":5},"refs":["r1","r2"],'
        '"recipe":{"preset":"auto","denoise":null,"faces":null,"sharpen":null,"scale":2,'
        '"long_edge":null,"intensity":100,"format":"auto","collage":true},"job":null}'
    )
    await client.set(keys.button("b"), old)
    assert await Buttons(client).find("b:4x") == (OFFER, Choice.FOURFOLD)


async def test_the_reasons_of_an_answer_are_kept_with_its_offer(client: Client) -> None:
    buttons = Buttons(client)
    made = await buttons.offer(OFFER)
    await client.expire(keys.button(made), 1000)
    await buttons.explain(made, "• Enlarged 4×: small")
    explained = OFFER.model_copy(update={"why": "• Enlarged 4×: small"})
    assert await buttons.find(f"{made}:why") == (explained, Choice.WHY)
    assert await client.ttl(keys.button(made)) <= 1000
    await client.set(keys.button("odd"), "[]")
    for button_id in ("gone", "odd"):
        await buttons.explain(button_id, "because")
    assert not await client.exists(keys.button("gone"))
    assert await client.get(keys.button("odd")) == "[]"


async def test_an_offer_keeps_model_creativity_and_faces(client: Client) -> None:
    recipe = Recipe(creativity=70, model="general-x4v3", which_faces=Which.MAIN)
    offer = OFFER.model_copy(update={"recipe": recipe})
    made = await Buttons(client).offer(offer)
    assert await Buttons(client).find(f"{made}:2x") == (offer, Choice.TWICE)


async def test_data_fit_the_narrowest_platform(client: Client) -> None:
    job_id = "f" * 24
    assert await Buttons(client).offer(OFFER, button_id=job_id) == job_id
    assert max(len(Buttons.data(job_id, choice).encode()) for choice in Choice) <= 64


@pytest.mark.parametrize("data", ["", "x", ":", ":2x", "nobody:2x", "{id}:9x", "{id}:", "{id}"])
async def test_foreign_data_find_nothing(client: Client, data: str) -> None:
    buttons = Buttons(client)
    made = await buttons.offer(OFFER)
    assert await buttons.find(data.format(id=made)) is None


async def test_an_offer_of_another_version_is_too_old(client: Client) -> None:
    await client.set(keys.button("b"), '{"v":99}')
    assert await Buttons(client).find("b:2x") is None

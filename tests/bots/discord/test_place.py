"""Places and what names a message."""

import pytest

from bots.discord.counter import Sent, followed
from bots.discord.place import NONCE_MAX, Place, nonce

WHOLE = Place(
    channel=1,
    asked=2,
    user=3,
    guild=4,
    status=5,
    application=6,
    token="secret",
    issued=7.5,
    original=True,
    deferred=True,
    ephemeral=True,
)


def test_a_place_comes_back_from_its_address() -> None:
    assert Place.of(WHOLE.address()) == WHOLE
    assert Place.of(Place(channel=1, asked=2).address()) == Place(channel=1, asked=2)
    assert Place.of({**WHOLE.address(), "later": 1}) == WHOLE


def test_an_address_of_another_platform_is_none() -> None:
    with pytest.raises(ValueError, match="Discord"):
        Place.of({"chat": 1})


def test_the_token_is_not_printed() -> None:
    assert "secret" not in repr(WHOLE)


def test_a_nonce_is_short_the_same_again_and_another_for_another_part() -> None:
    assert nonce("job", 1) == nonce("job", 1)
    assert len({nonce("job", 1), nonce("job", 2), WHOLE.nonce("status"), WHOLE.nonce("say")}) == 4
    assert all(len(one) <= NONCE_MAX for one in (nonce("job", 1), WHOLE.nonce("status")))


def test_a_status_message_is_found_where_it_was_sent() -> None:
    assert Sent.parse(str(Sent(1, 2, hidden=True))) == Sent(1, 2, hidden=True)
    hidden = followed(WHOLE, Sent(1, 9, hidden=True))
    assert (hidden.status, hidden.original, hidden.token) == (9, False, "secret")
    private = followed(WHOLE, Sent(8, 9))
    assert (private.here, private.status, private.token, private.hidden) == (8, 9, None, False)
    beside = followed(Place(channel=1, asked=2), Sent(1, 9))
    assert (beside.here, beside.thread, beside.status) == (1, None, 9)

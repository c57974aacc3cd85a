"""What a message of ours shows."""

from typing import Any

import pytest

from bots.desk import Answer, Button, File
from bots.discord.posts import FILES_MAX, TEXT_MAX, TOGETHER_MAX, Post, answer_posts, safe_name
from bots.parcels import Upload
from core.jobs import Enhanced, Reply

ROWS = ((Button("2×", "id:2x"), Button("4×", "id:4x")), (), (Button("Softer", "id:softer"),))


def answer(*weights: int, collage: bool = True) -> Answer:
    """An answer with files of these weights (bytes), all of one name."""
    files = tuple(
        File(
            Enhanced(
                key="k",
                name="photo.png",
                media_type="image/png",
                bytes=weight,
                width=1,
                height=1,
                source_name="p",
                source_width=1,
                source_height=1,
                seconds=1,
            ),
            bytes(weight),
            b"jpeg" if collage else None,
        )
        for weight in weights
    )
    reply = Reply(job="j", platform="discord", user="1", address={}, results=())
    return Answer(reply, "Caption", files, ROWS)


def components(post: Post) -> list[dict[str, Any]]:
    """What Discord is sent of a post's layout."""
    view: Any = post.view()
    return list(view.to_components())


async def test_a_message_is_words_pictures_files_and_buttons_in_this_order() -> None:
    (post,) = answer_posts(answer(10))
    parts = components(post)
    assert [part["type"] for part in parts] == [10, 12, 13, 1, 1]
    assert parts[0]["content"] == "Caption"
    assert parts[1]["items"][0]["media"]["url"] == "attachment://comparison-1.jpg"
    assert parts[2]["file"]["url"] == "attachment://photo.png"
    ids = [button["custom_id"] for row in parts[3:] for button in row["components"]]
    assert ids == ["darkroom:id:2x", "darkroom:id:4x", "darkroom:id:softer"]
    assert [file.filename for file in post.uploads()] == ["photo.png", "comparison-1.jpg"]


def test_a_message_has_at_most_ten_files_pairs_kept_together() -> None:
    posts = answer_posts(answer(*[10] * 12))
    assert [len(post.files) for post in posts] == [5, 5, 2]
    assert all(len(post.files) + len(post.pictures) <= FILES_MAX for post in posts)
    assert [len(post.files) for post in answer_posts(answer(*[10] * 12, collage=False))] == [10, 2]
    names = [upload.name for post in posts for upload in post.files]
    assert len(set(names)) == 12
    assert [post.text for post in posts] == ["Caption", "", ""]


def test_heavy_files_are_spread_and_one_too_heavy_goes_alone() -> None:
    third = TOGETHER_MAX // 3
    posts = answer_posts(answer(third, third, third, TOGETHER_MAX + 1))
    assert [len(post.files) for post in posts] == [2, 1, 1]


async def test_words_are_no_markup_and_mention_nobody_but_who_is_meant() -> None:
    post = Post("*bold* <@7> @everyone " + "x" * 5000).mentioning(3)
    (text,) = components(post)
    assert text["content"].startswith(r"<@3> \*bold\* <@7>")
    assert len(text["content"]) == TEXT_MAX
    told: Any = post.mentions().to_dict()
    assert (told["users"], told["parse"]) == ([3], [])
    nobody: Any = Post("x").mentions().to_dict()
    assert nobody["users"] == []


async def test_a_block_of_code_is_shown_as_it_is() -> None:
    (text,) = components(Post("*so*:\n```toml\nadmins_exempt = true\n```"))
    assert text["content"] == "\\*so\\*:\n```toml\nadmins_exempt = true\n```"
    (text,) = components(Post("so:\n```toml\n" + "x_" * 5000 + "\n```"))
    assert len(text["content"]) == TEXT_MAX
    assert text["content"].endswith("x_x_\n```")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("beach.png", "beach.png"),
        ("my photo (1).jpg", "my_photo_1.jpg"),
        ("_hidden.png", "hidden.png"),
        ("Überfahrt.webp", "berfahrt.webp"),
        ("фото.jpg", "photo.jpg"),
        ("", "photo"),
        ("../../etc/passwd", "passwd"),
    ],
)
def test_names_are_as_discord_keeps_them(name: str, kept: str) -> None:
    assert safe_name(name) == kept


async def test_uploads_carry_their_bytes() -> None:
    (file,) = Post(files=(Upload("a.png", b"data"),)).uploads()
    assert file.fp.read() == b"data"

"""Words and blocks of code told apart."""

import pytest

from bots.passages import Passage, passages

TOML = "daily = 20\nadmins_exempt = true"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("just words", [Passage("just words")]),
        (f"```toml\n{TOML}\n```", [Passage(TOML, "toml")]),
        (
            f"before\n```\n{TOML}\n```\nafter",
            [Passage("before\n"), Passage(TOML, ""), Passage("\nafter")],
        ),
        ("I know no ```word```, sorry", [Passage("I know no ```word```, sorry")]),
        ("```toml\nnever closed", [Passage("```toml\nnever closed")]),
    ],
)
def test_passages(text: str, parts: list[Passage]) -> None:
    assert list(passages(text)) == parts

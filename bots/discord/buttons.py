"""Buttons that outlive a restart: all that one means stands in its id."""

import re
from typing import Any, Protocol, Self, cast

import discord

from bots.desk import Rows

LABEL_MAX = 80
_PREFIX = "darkroom:"


class Pressable(Protocol):
    """A client that takes presses."""

    async def on_press(self, interaction: discord.Interaction[Any], data: str) -> None:
        """Act on the button with this data."""
        ...


class PressButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=re.compile(rf"{_PREFIX}(?P<data>.{{1,64}})", re.S),
):
    """A button of ours under any message, whichever process sent it."""

    def __init__(self, label: str, data: str) -> None:
        self.data = data
        super().__init__(
            discord.ui.Button(
                style=discord.ButtonStyle.secondary,
                label=label[:LABEL_MAX],
                custom_id=f"{_PREFIX}{data}",
            )
        )

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str]
    ) -> Self:
        """The button that was pressed."""
        return cls(getattr(item, "label", None) or match["data"], match["data"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand the press over to the client."""
        await cast("Pressable", interaction.client).on_press(interaction, self.data)


def action_rows(rows: Rows) -> list[discord.ui.ActionRow[Any]]:
    """The rows under a message, those without a button left out."""
    made = []
    for row in rows:
        if row:
            line: discord.ui.ActionRow[Any] = discord.ui.ActionRow()
            for button in row:
                line.add_item(PressButton(button.label, button.data))
            made.append(line)
    return made

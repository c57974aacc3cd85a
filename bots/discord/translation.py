"""The slash commands' words in every language that Darkroom speaks, by Discord's own codes."""

import re

import discord
from discord import app_commands
from discord.app_commands import TranslationContextLocation as Where

from core.language import ENGLISH, _, matching, speaking

SUMMARY_MAX = 100
_NAME = re.compile(r"[-_\w]{1,32}")
_LEFT = (Where.command_name, Where.group_name, Where.choice_name)


class Translation(app_commands.Translator):
    """Translates summaries, the names of options and of the entry in a message's menu.

    Commands and choices keep their names: they are the words of the one grammar.
    """

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        """The text in a language, None where it is English or the same."""
        code = matching(locale.value)
        in_menu = isinstance(context.data, app_commands.ContextMenu)
        if code == ENGLISH or (context.location in _LEFT and not in_menu):
            return None
        with speaking(code):
            text = _(string.message)
        if text == string.message:
            return None
        if context.location is Where.parameter_name:
            text = text.lower().replace(" ", "-")
            return text if _NAME.fullmatch(text) else None
        return shortened(text)


def shortened(text: str) -> str:
    """A summary as long as Discord takes."""
    return text if len(text) <= SUMMARY_MAX else text[: SUMMARY_MAX - 1] + "…"

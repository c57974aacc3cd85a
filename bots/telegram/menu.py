"""The menu of commands that Telegram shows beside the text field, by place and by language."""

import logging
from collections.abc import Callable

from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeDefault,
)
from telegram.error import TelegramError

from core.commands import FORMS, Action, Form
from core.language import ENGLISH, _, available, speaking

_log = logging.getLogger(__name__)

Wanted = Callable[[Form], bool]


def _for_members(form: Form) -> bool:
    return not form.operator and not form.community and form.action is not Action.START


def _for_admins(form: Form) -> bool:
    return _for_members(form) or (form.community and not form.operator)


MENUS: tuple[tuple[BotCommandScope, Wanted], ...] = (
    (BotCommandScopeDefault(), _for_members),
    (BotCommandScopeAllGroupChats(), _for_members),
    (BotCommandScopeAllChatAdministrators(), _for_admins),
)
"""Where which commands are shown. The narrowest scope that has any wins, so each is complete."""


async def show(bot: Bot) -> None:
    """Set every menu in every language; one that Telegram refuses is logged and left as it was."""
    for language in available():
        for scope, wanted in MENUS:
            try:
                await bot.set_my_commands(
                    _commands(language, wanted),
                    scope=scope,
                    language_code=None if language == ENGLISH else language,
                )
            except TelegramError as error:
                _log.warning("the menu %s (%s) was not updated: %s", scope.type, language, error)


def _commands(language: str, wanted: Wanted) -> list[BotCommand]:
    with speaking(language):
        return [BotCommand(name, _(form.summary)) for name, form in FORMS.items() if wanted(form)]

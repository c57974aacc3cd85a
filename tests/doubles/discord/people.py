"""People who use the bot: what they do becomes gateway events."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tests.doubles.discord import commands, posts
from tests.doubles.discord.channels import GROUP, PRIVATE, Channel
from tests.doubles.discord.components import BUTTON, every
from tests.doubles.discord.drafts import Draft, attachment_folder
from tests.doubles.discord.interactions import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL_SUBMIT,
    Interaction,
)
from tests.doubles.discord.invocations import chosen, interact, offered, told
from tests.doubles.discord.messages import REPLY, Message
from tests.doubles.discord.options import NotAllowed, NotOffered, Upload, filled
from tests.doubles.discord.permissions import Permission
from tests.doubles.discord.rules import Json
from tests.doubles.discord.users import User
from tests.doubles.discord.views import Shown, shown

if TYPE_CHECKING:
    from tests.doubles.discord.server import DiscordServer

Sent = Message | Shown | int


class Person:
    """Somebody with an account.

    `notices` lists what Discord's client told them, such as that an application did not respond;
    `reachable` is whether they take private messages of the bot.
    """

    def __init__(self, server: "DiscordServer", name: str, locale: str) -> None:
        self.server = server
        self.user = User(server.ids.next(), name.lower(), name)
        self.locale = locale
        self.reachable = True
        self.installed = False
        self.notices: list[str] = []
        self._private: Channel | None = None

    def private(self) -> Channel:
        """The private conversation with the bot."""
        if self._private is None:
            both = (self.user, self.server.bot)
            self._private = Channel(self.server, PRIVATE, recipients=both)
            self.server.channels[self._private.channel_id] = self._private
        return self._private

    def group(self, *others: "Person") -> Channel:
        """A private conversation with other people, which the bot cannot see into."""
        everybody = (self.user, *(other.user for other in others))
        channel = Channel(self.server, GROUP, recipients=everybody)
        self.server.channels[channel.channel_id] = channel
        return channel

    def install(self) -> None:
        """Add the application to this account, so that it can be used everywhere."""
        self.installed = True

    def sees(self, channel: Channel) -> list[Shown]:
        """What this person sees in a channel, ephemeral messages for them included."""
        if Permission.VIEW_CHANNEL not in channel.permissions(self.user):
            return []
        mine = (None, self.user)
        return [shown(m) for _, m in sorted(channel.messages.items()) if m.visible_to in mine]

    def message(
        self,
        channel: Channel,
        text: str = "",
        files: Sequence[tuple[str, bytes, str] | Upload] = (),
        *,
        mention_bot: bool = False,
        reply_to: Sent | None = None,
    ) -> Message:
        """Send a message; raises NotAllowed where the person may not."""
        in_thread = channel.parent is not None
        needed = Permission.SEND_MESSAGES_IN_THREADS if in_thread else Permission.SEND_MESSAGES
        if needed not in channel.permissions(self.user):
            raise NotAllowed(f"{self.user.username} may not write here")
        bot = self.server.bot
        uploads = [file if isinstance(file, Upload) else Upload(*file) for file in files]
        reference = None if reply_to is None else self._found(reply_to)
        content = f"{bot.mention} {text}".strip() if mention_bot else text
        mentions = [user for user in self.server.users() if user.mention in content]
        if reference is not None and reference.author not in mentions:
            mentions.append(reference.author)
        folder = attachment_folder(self.server, channel, ephemeral=False)
        message = Message(
            self.server.ids.next(),
            channel,
            self.user,
            content,
            [
                self.server.cdn.store(
                    self.server.ids.next(), file.name, file.data, file.media_type, folder
                )
                for file in uploads
            ],
            kind=REPLY if reference else 0,
            reference=reference,
            mentions=mentions,
            sent=self.server.seconds,
        )
        posts.add(message)
        return message

    def forward(self, message: Sent, channel: Channel) -> Message:
        """Pass a message on to another place."""
        original = self._found(message)
        forwarded = Message(
            self.server.ids.next(),
            channel,
            self.user,
            forwarded=original,
            sent=self.server.seconds,
        )
        posts.add(forwarded)
        return forwarded

    def edit(self, message: Sent, text: str) -> None:
        """Change the text of an own message."""
        mine = self._found(message)
        posts.edit(mine, Draft(text, mine.files, mine.embeds, mine.components, mine.flags))

    def delete(self, message: Sent) -> None:
        """Remove a message, as its author or a moderator does."""
        posts.remove(self._found(message))

    def thread(self, channel: Channel, name: str, message: Sent | None = None) -> Channel:
        """Start a public thread, on a message or on none."""
        starter = None if message is None else self._found(message)
        return channel.thread(name, self.user, starter)

    def slash(
        self,
        name: str,
        channel: Channel,
        options: dict[str, Any] | None = None,
        *,
        locale: str | None = None,
        user_install: bool = False,
    ) -> Interaction:
        """Use a slash command, `name` with its subcommands; an Upload fills an attachment option.

        Raises NotOffered where no such command is registered for this place or the options do not
        fit, and NotAllowed where the person lacks the permission.
        """
        command, path, known = chosen(self, name, channel, user_install)
        values, resolved = filled(self.server, known, options or {})
        data = told(command, path, values, resolved, channel)
        return interact(self, COMMAND, channel, data, user_install, locale, name=name)

    def autocomplete(
        self,
        name: str,
        channel: Channel,
        focused: str,
        text: str | float = "",
        options: dict[str, Any] | None = None,
        *,
        locale: str | None = None,
        user_install: bool = False,
    ) -> Interaction:
        """Type into an option that suggests choices, the others filled in already."""
        command, path, known = chosen(self, name, channel, user_install)
        option = next((o for o in known if o["name"] == focused and o.get("autocomplete")), None)
        if option is None:
            raise NotOffered(f"{focused} of {name} suggests nothing")
        typed = {**(options or {}), focused: text}
        values, resolved = filled(self.server, known, typed, whole=False)
        for value in values:
            if value["name"] == focused:
                value["focused"] = True
        data = told(command, path, values, resolved, channel)
        return interact(
            self, AUTOCOMPLETE, channel, data, user_install, locale, name=name, option=option
        )

    def context_menu(
        self,
        name: str,
        message: Sent,
        *,
        locale: str | None = None,
        user_install: bool = False,
    ) -> Interaction:
        """Use a command from the menu of a message."""
        target = self._found(message)
        self._must_see(target)
        command = offered(self, commands.MESSAGE_MENU, name, target.channel, user_install)
        data: Json = {
            "id": command["id"],
            "name": name,
            "type": commands.MESSAGE_MENU,
            "target_id": str(target.message_id),
            "resolved": {"messages": {str(target.message_id): target.described()}},
        }
        return interact(self, COMMAND, target.channel, data, user_install, locale, name=name)

    def press(self, message: Sent, button: str, *, locale: str | None = None) -> Interaction:
        """Press a button by its label or custom id; raises NotOffered."""
        source = self._found(message)
        self._must_see(source)
        for part in every(source.components):
            if part["type"] != BUTTON or button not in (part.get("label"), part.get("custom_id")):
                continue
            if part.get("disabled") or "custom_id" not in part:
                raise NotOffered(f"the button {button} cannot be pressed")
            data = {"component_type": BUTTON, "custom_id": part["custom_id"], "id": part["id"]}
            return self._answer(source, data, locale)
        raise NotOffered(f"no button {button}; there are {shown(source).buttons}")

    def choose(
        self, message: Sent, custom_id: str, values: list[str], *, locale: str | None = None
    ) -> Interaction:
        """Pick from a menu of texts."""
        source = self._found(message)
        self._must_see(source)
        for part in every(source.components):
            if part.get("custom_id") == custom_id and "options" in part:
                known = [option["value"] for option in part["options"]]
                if part.get("disabled") or not set(values) <= set(known):
                    raise NotOffered(f"{custom_id} offers {known}")
                data = {"component_type": part["type"], "custom_id": custom_id, "id": part["id"]}
                return self._answer(source, data | {"values": values}, locale)
        raise NotOffered(f"no menu {custom_id}")

    def submit(self, interaction: Interaction, values: dict[str, str]) -> Interaction:
        """Fill in and send the form that an interaction opened, texts by custom id."""
        if interaction.modal is None:
            raise NotOffered("no form was opened")
        form = interaction.modal
        data = {"custom_id": form["custom_id"], "components": _entered(form["components"], values)}
        return interact(
            self,
            MODAL_SUBMIT,
            interaction.channel,
            data,
            "1" in interaction.owners and "0" not in interaction.owners,
            interaction.locale,
            source=interaction.source,
        )

    def _answer(self, source: Message, data: Json, locale: str | None) -> Interaction:
        user_install = source.interaction is not None and "0" not in source.interaction.owners
        return interact(self, COMPONENT, source.channel, data, user_install, locale, source=source)

    def _found(self, sent: Sent) -> Message:
        if isinstance(sent, Message):
            return sent
        message_id = sent if isinstance(sent, int) else sent.message_id
        for channel in self.server.channels.values():
            if message_id in channel.messages:
                return channel.messages[message_id]
        raise NotOffered(f"no message {message_id}")

    def _must_see(self, message: Message) -> None:
        hidden = message.visible_to not in (None, self.user)
        allowed = Permission.VIEW_CHANNEL in message.channel.permissions(self.user)
        if hidden or not allowed or message.message_id not in message.channel.messages:
            raise NotOffered(f"{self.user.username} does not see this message")


def _entered(components: list[Json], values: dict[str, str]) -> list[Json]:
    entered = []
    for number, part in enumerate(components, start=1):
        told: Json = {"type": part["type"], "id": part.get("id") or number}
        if "custom_id" in part:
            told |= {"custom_id": part["custom_id"], "value": values.get(part["custom_id"], "")}
        if "components" in part:
            told["components"] = _entered(part["components"], values)
        if "component" in part:
            told["component"] = _entered([part["component"]], values)[0]
        entered.append(told)
    return entered

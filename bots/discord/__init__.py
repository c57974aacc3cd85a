"""The Discord adapter: the only room that knows discord.py."""

from discord import VoiceClient

# discord.py warns at every start that this bot cannot speak in voice channels.
VoiceClient.warn_nacl = VoiceClient.warn_dave = False

"""The Discord adapter: the only room that knows discord.py."""

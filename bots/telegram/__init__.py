"""The Telegram adapter: the only room that knows python-telegram-bot."""

import os

# python-telegram-bot 22 warns at every flood wait until this chooses its coming behaviour.
os.environ.setdefault("PTB_TIMEDELTA", "1")

"""Short names of browsers for people, made from the User-Agent that they send."""

from __future__ import annotations

from typing import Final

_BROWSERS: Final = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser/": "Samsung Internet",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "Chromium/": "Chromium",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
"""In this order: each of the later ones is also in the User-Agent of earlier ones."""
_SYSTEMS: Final = {
    "Windows": "Windows",
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Macintosh": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}
MOST: Final = 60
"""Characters of a name."""


def device_name(user_agent: str | None) -> str | None:
    """Such as "Firefox on Linux", or what a program calls itself before the first blank."""
    if not user_agent or not user_agent.strip():
        return None
    browser = next((name for mark, name in _BROWSERS.items() if mark in user_agent), None)
    system = next((name for mark, name in _SYSTEMS.items() if mark in user_agent), None)
    if browser:
        return f"{browser} on {system}" if system else browser
    return "".join(letter for letter in user_agent.split()[0] if letter.isprintable())[:MOST] or None

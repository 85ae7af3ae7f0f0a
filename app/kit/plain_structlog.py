"""structlog without rich, which it imports to draw tracebacks wherever it is installed: 3.8 MB that nothing here uses.

Whoever needs structlog takes it from here: it looks for rich once, when it is imported first.
"""

from __future__ import annotations

import sys

_before = sys.modules.get("rich")
sys.modules["rich"] = None  # type: ignore[assignment]  # by the language's rules: an ImportError for who imports it
try:
    import structlog
finally:
    if _before:
        sys.modules["rich"] = _before
    else:
        del sys.modules["rich"]

__all__ = ["structlog"]

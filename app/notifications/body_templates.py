"""Bodies that an organisation shapes itself: a JSON value in which `{{batch.name}}` stands for a member of the payload.

`kit/placeholders.py` fills it in. What is not there becomes null, so that a body always has the same members.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from app.kit.placeholders import MISSING, look_up, placeholders_in

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,100}(\.[A-Za-z0-9_-]{1,100}){0,9}")
MOST_PLACES: Final = 100
OPEN_MEMBERS: Final = ("batch.metadata.", "batch.summary_data.")
"""What is below these is the client's or the pipeline's own, so any name is taken; one that is missing is null."""


class TemplateNotValid(ValueError):
    """A placeholder names nothing that a payload has."""


def check_template(template: Mapping[str, Any], sample: Mapping[str, Any]) -> None:
    """TemplateNotValid: a placeholder is none of the members that `sample`, a payload, has; or there are too many."""
    names = list(placeholders_in(template))
    if len(names) > MOST_PLACES:
        raise TemplateNotValid(f"there may be {MOST_PLACES} placeholders, not {len(names)}")
    for name in names:
        known = _NAME.fullmatch(name) and (name.startswith(OPEN_MEMBERS) or look_up(sample, name) is not MISSING)
        if not known:
            raise TemplateNotValid(f"there is nothing called {name[:60]!r}; see the standard format for what there is")

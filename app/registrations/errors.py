"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from app.kit.errors import Conflict, NotFound, Unprocessable
from app.registrations.findings import make_finding


class FileNotReadable(Unprocessable):
    """The file as a whole is not what it should be; `line` is where that shows, if anywhere."""

    code, title = "file_not_readable", "File not readable"

    def __init__(self, reason: str, detail: str, *, line: int | None = None) -> None:
        finding = make_finding(reason, detail, line, None, None)
        super().__init__(finding.message, reason=reason, errors=[finding.model_dump()])


class NotOneFile(Unprocessable):
    """This path takes exactly one file."""

    code, title = "not_one_file", "Not one file"


class ImportNotClean(Unprocessable):
    """Some rows are wrong, and nothing was kept; the document carries the whole report."""

    code, title = "import_not_clean", "Import not clean"


class MenuNotClean(Unprocessable):
    """Some rows of a menu are wrong, and nothing was kept; the document carries the whole report."""

    code, title = "menu_not_clean", "Menu not clean"


class RestaurantNotFound(NotFound):
    """There is no such restaurant in your organisation."""

    code = "restaurant_not_found"


class RestaurantBusy(Conflict):
    """The restaurant is being registered. Try again when its job has ended."""

    code, title = "restaurant_busy", "Restaurant busy"


class RestaurantsUnknown(Unprocessable):
    """Some of the restaurants are not in your organisation."""

    code, title = "unknown_restaurants", "Unknown restaurants"

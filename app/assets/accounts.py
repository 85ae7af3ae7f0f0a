"""Accounts of Dropbox and monday.com."""

from __future__ import annotations

from collections.abc import Iterable

import httpx
from pydantic import Field

from app.assets.dropbox import Dropbox, DropboxRefusedError
from app.assets.monday import Monday, MondayBusyError, MondayRefusedError
from app.assets.settings import HandOverSettings
from app.connections.contract import Account, AccountRefused, AnyKind, ConnectionKind, Reach, Secret
from app.kit.schemas import WebAddress


class DropboxAccount(Account):
    """A Dropbox app."""

    token: Secret = Field(title="Access token")
    folder: str = Field("", max_length=500, title="Folder", description="Below which batches get theirs.")
    url: WebAddress = Field("https://api.dropboxapi.com", title="API")
    content_url: WebAddress = Field("https://content.dropboxapi.com", title="API for contents")

    def client(self, http: httpx.AsyncClient) -> Dropbox:
        return Dropbox(http, self.token.get_secret_value(), self.url, self.content_url, self.folder)


class MondayAccount(Account):
    """A board of monday.com."""

    token: Secret = Field(title="API token")
    board: str = Field(min_length=1, max_length=100, title="Board", description="Id of the board.")
    columns: dict[str, str] = Field(
        default_factory=dict,
        title="Columns",
        description="status, customer_prefix, description, total_files, failed_jobs, created_at to column ids.",
    )
    url: WebAddress = Field("https://api.monday.com/v2", title="API")

    def client(self, http: httpx.AsyncClient) -> Monday:
        return Monday(http, self.token.get_secret_value(), self.url, self.board, self.columns)


async def _try_dropbox(reach: Reach, account: DropboxAccount) -> str:
    try:
        name = await account.client(reach.http).whose()
    except DropboxRefusedError as error:
        raise AccountRefused(str(error)) from None
    return f"Dropbox knows this account as {name}."


async def _try_monday(reach: Reach, account: MondayAccount) -> str:
    try:
        name = await account.client(reach.http).board_name()
    except (MondayRefusedError, MondayBusyError) as error:
        raise AccountRefused(str(error)) from None
    return f"monday.com shows the board {name}."


def account_kinds(settings: HandOverSettings) -> Iterable[AnyKind]:
    """Both services, with the accounts of the installation's settings."""
    dropbox = monday = None
    if settings.dropbox_token is not None:
        dropbox = DropboxAccount.model_construct(
            token=settings.dropbox_token,
            folder=settings.dropbox_folder,
            url=settings.dropbox_url,
            content_url=settings.dropbox_content_url,
        )
    if settings.monday_token is not None and settings.monday_board is not None:
        monday = MondayAccount.model_construct(
            token=settings.monday_token,
            board=settings.monday_board,
            columns=settings.monday_columns,
            url=settings.monday_url,
        )
    return (
        ConnectionKind("dropbox", "Dropbox", DropboxAccount, _try_dropbox, dropbox, "TRANCHE_DROPBOX_TOKEN"),
        ConnectionKind("monday", "monday.com", MondayAccount, _try_monday, monday, "TRANCHE_MONDAY_TOKEN"),
    )

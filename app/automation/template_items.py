"""Where a template's items come from: itself, files with a tag, or a workload's rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from app.automation.errors import FilterNotValid, SourceUnknown
from app.automation.schemas import FilesSource, ItemsSource, RowsSource, TemplateSource
from app.batches.item_sources import ItemSource
from app.batches.items import job_of_file, jobs_of_items
from app.batches.submission import NewJob
from app.files import repository as file_repository
from app.kit.declarations import raises
from app.kit.errors import explain_error
from app.kit.pages import PageRequest
from app.pipelines.contract import Params

SOURCE: TypeAdapter[ItemsSource | FilesSource | RowsSource] = TypeAdapter(TemplateSource)
ItemSources = Mapping[str, ItemSource]


@raises(jobs_of_items, SourceUnknown, FilterNotValid)
async def check_source(
    session: AsyncSession,
    organisation_id: UUID,
    source: ItemsSource | FilesSource | RowsSource,
    sources: ItemSources,
) -> None:
    """Raise SourceUnknown or FilterNotValid (422) for rows that cannot be asked for, FilesUnknown for others' files."""
    if isinstance(source, RowsSource):
        _filter_of(source, sources)
    elif isinstance(source, ItemsSource):
        await jobs_of_items(session, organisation_id, source.items)


@raises(jobs_of_items, SourceUnknown, FilterNotValid)
async def find_jobs(
    session: AsyncSession,
    organisation_id: UUID,
    source: ItemsSource | FilesSource | RowsSource,
    sources: ItemSources,
    most: int,
    limit: int | None = None,
) -> Sequence[NewJob]:
    """The source's items as they are now; raises FilesUnknown, SourceUnknown, FilterNotValid (422).

    Of files and rows at most `most` are read; `limit` is how many are wanted: the first items or rows, the newest
    files.
    """
    most = min(most, limit or most)
    match source:
        case ItemsSource():
            return await jobs_of_items(session, organisation_id, source.items[:limit])
        case FilesSource():
            files = await file_repository.list_files(session, organisation_id, PageRequest(most), source.tag)
            return [job_of_file(file) for file in reversed(files.rows)]
        case RowsSource():
            rows, wanted = _filter_of(source, sources)
            return await rows.list_jobs(session, organisation_id, wanted, most)


@raises(SourceUnknown, FilterNotValid)
def _filter_of(source: RowsSource, sources: ItemSources) -> tuple[ItemSource, Params]:
    rows = sources.get(source.source)
    if rows is None:
        known = ", ".join(sorted(sources)) or "none"
        raise SourceUnknown(f"There is no item source {source.source!r}. There are: {known}.")
    try:
        return rows, rows.filter.model_validate(source.filter)
    except ValueError as error:
        raise FilterNotValid(f"The filter of {rows.key} is not valid: {explain_error(error)}.") from None

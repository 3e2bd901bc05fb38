"""Data: age of each table, and import of files with a preview."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.responses import Response

from features.errors import InputError, NotFoundError
from features.tables.catalogue import TABLES
from features.workspace import Workspace
from service.api.guards import MAX_UPLOAD
from service.console.frame import Form, Frame, Framed, check_token
from service.console.uploads import ENDINGS, Uploads

router = APIRouter(prefix="/console/data", include_in_schema=False)

_REJECTED = "text/csv; charset=utf-8"


class _InMemory(MultiPartParser):
    """Holds uploads in memory, so that nothing is written outside of the workspace."""

    spool_max_size = MAX_UPLOAD + 2**20


@router.get("")
async def tables(frame: Framed) -> Response:
    """Show rows and date of each table."""
    return await _overview(frame)


@router.post("")
async def look(request: Request, frame: Framed) -> Response:
    """Preview a file: the interpretation of each column, and the effect of importing it."""
    parser = _InMemory(request.headers, request.stream(), max_files=1, max_fields=8)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise InputError(error.message, field="file", expected="a form with a file") from None
    try:
        check_token(request, form)
        table, file = str(form.get("table", "")), form.get("file")
        _check(table)
        content = await file.read() if isinstance(file, UploadFile) else b""
        called = (file.filename or "") if isinstance(file, UploadFile) else ""
    finally:
        await form.close()
    uploads = _uploads(frame)

    def work() -> dict[str, Any]:
        name = uploads.keep(content, called)
        try:
            return {
                "name": name,
                "columns": uploads.columns(name, table),
                "report": uploads.tried(name, table),
            }
        except Exception:
            uploads.drop(name)
            raise

    found = await frame.read(work)
    return frame.page(
        "data_look.html", table=table, called=called, definition=TABLES[table], **found
    )


@router.post("/take")
async def take(frame: Framed, form: Form) -> Response:
    """Import a previewed file."""
    table = form.get("table", "")
    _check(table)
    uploads = _uploads(frame)
    report = await frame.change(lambda: uploads.take(form.get("name", ""), table))
    return await _overview(frame, report=report)


@router.post("/drop")
async def drop(frame: Framed, form: Form) -> Response:
    """Remove a previewed file."""
    uploads = _uploads(frame)
    await frame.read(lambda: uploads.drop(form.get("name", "")))
    return frame.back("/data")


@router.get("/rejected.csv")
async def rejected(frame: Framed) -> Response:
    """Return the rows that the last import rejected, with what was expected."""
    file = frame.parts.ledger.workspace.rejected_file
    if not file.is_file():
        raise NotFoundError("the last import rejected no rows", field="file")
    content = await frame.read(file.read_bytes)
    headers = {"Content-Disposition": 'attachment; filename="rejected.csv"'}
    return Response(content, headers=headers, media_type=_REJECTED)


async def _overview(frame: Frame, report: Any = None) -> Response:
    workspace = frame.parts.ledger.workspace

    def work() -> list[dict[str, Any]]:
        return [_shown(workspace, name) for name in TABLES]

    return frame.page(
        "data.html",
        tables=await frame.read(work),
        endings=ENDINGS,
        report=report,
        rejected=workspace.rejected_file.is_file(),
        most=MAX_UPLOAD // 2**20,
    )


def _shown(workspace: Workspace, name: str) -> dict[str, Any]:
    at = workspace.imported_at(name)
    return {
        "name": name,
        "rows": workspace.read(name).height,
        "shipped": name == "chains",
        "at": f"{at:%Y-%m-%d %H:%M}" if at else None,
        "required": [c.headers.split()[0] for c in TABLES[name].columns if c.required],
    }


def _check(table: str) -> None:
    if table not in TABLES:
        raise NotFoundError(f"no table {table!r}", field="table", got=table)


def _uploads(frame: Frame) -> Uploads:
    return Uploads(frame.parts.ledger.feedback.workspace)

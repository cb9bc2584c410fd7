"""Files of a project: POST gives the Markdown that shows them; read back through the API."""

from typing import Annotated, Any
from urllib.parse import quote, unquote

from fastapi import APIRouter, File, Path, Request, Response, UploadFile
from fastapi.responses import JSONResponse

from sandbox.gitlab.rest import beans
from sandbox.gitlab.rest.caller import Place
from sandbox.gitlab.rest.errors import bad_param, not_found, not_valid
from sandbox.gitlab.rest.paging import by_offset
from sandbox.gitlab.rest.params import Params
from sandbox.gitlab.running import GitLab, Here
from sandbox.gitlab.state import DEVELOPER, Project, Upload, new_secret

router = APIRouter(prefix="/projects/{project_id}/uploads")
LARGEST = 100 * 2**20


@router.post("", status_code=201)
async def upload_file(
    gitlab: Here, place: Place, file: Annotated[UploadFile | None, File()] = None
) -> dict[str, Any]:
    project, caller = place
    if file is None:
        raise bad_param("file", "is missing")
    content = await file.read()
    if len(content) > LARGEST:
        raise not_valid("file", "is too big (should be at most 100 MiB)")
    name = (file.filename or "file").replace("/", "_")
    upload = Upload(
        gitlab.state.new_id(), new_secret(), name, content, caller.user.id, gitlab.clock.now()
    )
    project.uploads.append(upload)
    gitlab.changed()
    return beans.upload(project, upload)


@router.get("")
async def list_uploads(request: Request, gitlab: Here, place: Place, given: Params) -> JSONResponse:
    project, caller = place
    caller.require(project, DEVELOPER)
    state = gitlab.state
    newest_first = project.uploads[::-1]
    return by_offset(
        request, state.base_url, given, newest_first, lambda u: beans.upload_in_list(state, u)
    )


def _answer(upload: Upload) -> Response:
    name = quote(upload.filename)
    return Response(
        upload.content,
        media_type="application/octet-stream",
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
    )


def _by_id(project: Project, upload_id: int) -> Upload:
    found = next((each for each in project.uploads if each.id == upload_id), None)
    if found is None:
        raise not_found()
    return found


def _by_secret(project: Project, secret: str, filename: str) -> Upload:
    wanted = (secret, unquote(filename))
    found = next((u for u in project.uploads if (u.secret, u.filename) == wanted), None)
    if found is None:
        raise not_found()
    return found


@router.get("/{upload_id}")
async def get_upload(place: Place, upload_id: Annotated[int, Path()]) -> Response:
    return _answer(_by_id(place[0], upload_id))


@router.get("/{secret}/{filename}")
async def get_upload_by_secret(place: Place, secret: str, filename: str) -> Response:
    return _answer(_by_secret(place[0], secret, filename))


def _remove(gitlab: GitLab, project: Project, upload: Upload) -> Response:
    project.uploads.remove(upload)
    gitlab.changed()
    return Response(status_code=204)


@router.delete("/{upload_id}", status_code=204)
async def delete_upload(gitlab: Here, place: Place, upload_id: Annotated[int, Path()]) -> Response:
    return _remove(gitlab, place[0], _by_id(place[0], upload_id))


@router.delete("/{secret}/{filename}", status_code=204)
async def delete_upload_by_secret(
    gitlab: Here, place: Place, secret: str, filename: str
) -> Response:
    return _remove(gitlab, place[0], _by_secret(place[0], secret, filename))

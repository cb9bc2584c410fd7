"""Files: uploaded in one piece, read back; a work item refers to them by a relation."""

import uuid
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from sandbox.azure.rest.caller import Anywhere
from sandbox.azure.rest.errors import AzureError, bad_request
from sandbox.azure.state import Attachment, stamp

router = APIRouter(prefix="/wit/attachments")
# Larger ones have to come in chunks, which are not known here.
LARGEST = 130 * 10**6
FileName = Annotated[str, Query(alias="fileName", max_length=255)]


@router.post("")
async def create_attachment(
    request: Request,
    place: Anywhere,
    file_name: FileName = "attachment",
    upload_type: Annotated[str, Query(alias="uploadType")] = "simple",
) -> dict[str, Any]:
    if upload_type.lower() != "simple":
        raise bad_request("Only uploads of type simple are known here.")
    content = await request.body()
    if len(content) > LARGEST:
        raise bad_request("TF237082: The file you are trying to upload exceeds the limit.")
    state = place.azure.state
    made = Attachment(str(uuid.uuid4()), file_name, content, stamp(place.azure.clock.now()))
    state.attachments[made.id] = made
    place.azure.save()
    home = f"{state.url}/{place.project.id}" if place.project else state.url
    url = f"{home}/_apis/wit/attachments/{made.id}?fileName={quote(file_name)}"
    return {"id": made.id, "url": url}


@router.get("/{attachment_id}")
async def get_attachment(
    place: Anywhere,
    attachment_id: str,
    file_name: FileName = "",
    download: bool = False,
) -> Response:
    found = place.azure.state.attachments.get(attachment_id.lower())
    if found is None:
        raise AzureError(404, "AttachmentNotFoundException", "TF237082: The file does not exist.")
    name = quote(file_name or found.name)
    way = "attachment" if download else "inline"
    return Response(
        found.content,
        media_type="application/octet-stream",
        headers={"Content-Disposition": f"{way}; filename*=UTF-8''{name}"},
    )

"""`startAt` and `maxResults`, as every list of Jira takes them."""

from typing import Annotated

from fastapi import Query

StartAt = Annotated[int, Query(alias="startAt", ge=0)]
MaxResults = Annotated[int, Query(alias="maxResults", ge=0)]

"""All addresses of the API."""

from fastapi import APIRouter

from app.api.integrations import router as integrations

router = APIRouter()
for _router in (integrations,):
    router.include_router(_router)

"""Getint Administration: users, workspaces and how people sign in."""

from fastapi import APIRouter

from app.administration.access_routes import router as access
from app.administration.deletion_routes import router as deletion
from app.administration.user_routes import router as users

router = APIRouter()
for _router in (users, access, deletion):
    router.include_router(_router)

"""Getint Administration: users, workspaces and how people sign in."""

from fastapi import APIRouter

from app.administration.access_routes import router as access
from app.administration.content_routes import router as content
from app.administration.deletion_routes import router as deletion
from app.administration.jira_people import router as jira_people
from app.administration.sign_in_routes import router as sign_in
from app.administration.user_routes import router as users
from app.administration.workspace_routes import router as workspaces

router = APIRouter()
for _router in (users, access, deletion, workspaces, content, sign_in, jira_people):
    router.include_router(_router)

"""All addresses of the API."""

from fastapi import APIRouter

from app.api.audit import router as audit
from app.api.connections import router as connections
from app.api.integrations import router as integrations
from app.api.mappings import router as mappings
from app.api.permissions import router as permissions
from app.api.runs import of_integrations as starting
from app.api.runs import router as runs
from app.api.users import router as users
from app.api.workspaces import moving
from app.api.workspaces import router as workspaces

router = APIRouter(generate_unique_id_function=lambda route: route.name)
for _router in (
    permissions,
    integrations,
    mappings,
    connections,
    starting,
    runs,
    workspaces,
    moving,
    users,
    audit,
):
    router.include_router(_router)

"""Files for the browser: the sandbox's own, and those of npm packages where they are installed."""

import functools
import hashlib
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse
from starlette.responses import Response

from sandbox.running import Here
from sandbox.site import NotOnThisSiteError

router = APIRouter()
NODE_MODULES = Path(__file__).parent.parent / "node_modules"
OWN = Path(__file__).parent / "static"
BRIDGE = NODE_MODULES / "atlassian-connect-js" / "dist"
NPM_FILES = {
    "jquery.js": NODE_MODULES / "jquery/dist/jquery.min.js",
    "aui.js": NODE_MODULES / "@atlassian/aui/dist/aui/aui-prototyping.js",
    "aui.css": NODE_MODULES / "@atlassian/aui/dist/aui/aui-prototyping.css",
    "css-reset.css": NODE_MODULES / "@atlaskit/css-reset/dist/bundle.css",
    "connect-host.js": BRIDGE / "connect-host.js",
    "connect-host.css": BRIDGE / "connect-host.css",
}
CDN_DOMAIN = 'CDN_DOMAIN = "connect-cdn.atl-paas.net"'
CDN_URL = 'CDN_URL = "https://"'
BRIDGE_PATH = "/atlassian-connect"


@router.get(f"{BRIDGE_PATH}/all.js")
def bridge_script(request: Request) -> Response:
    """Atlassian's all.js, which takes the theme CSS from where it comes from itself."""
    origin = f"{request.url.scheme}://{request.url.netloc}"
    return Response(local_bridge(origin), media_type="text/javascript")


@functools.lru_cache(maxsize=4)
def local_bridge(origin: str) -> str:
    """LookupError if Atlassian changed how the address is written."""
    script = (BRIDGE / "iframe.js").read_text()
    parts = urlsplit(origin)
    for theirs, ours in (
        (CDN_DOMAIN, f'CDN_DOMAIN = "{parts.netloc}{BRIDGE_PATH}"'),
        (CDN_URL, f'CDN_URL = "{parts.scheme}://"'),
    ):
        if theirs not in script:
            raise LookupError(f"all.js does not contain {theirs}")
        script = script.replace(theirs, ours)
    return script


@router.get(f"{BRIDGE_PATH}/{{path:path}}")
def bridge_styles(path: str) -> Response:
    """themes/*.css, surfaces.css: read by all.js in the frame and by the site's own pages."""
    return _file(BRIDGE, path, ".css")


@router.get("/sandbox/npm/{name}")
def npm_file(name: str) -> Response:
    if name not in NPM_FILES or not NPM_FILES[name].is_file():
        raise NotOnThisSiteError(f"no file {name!r}; has npm ci been run?")
    return FileResponse(NPM_FILES[name])


@router.get("/sandbox/npm/fonts/{name}")
def aui_font(name: str) -> Response:
    """aui.css names its icon font relative to itself."""
    return _file(NPM_FILES["aui.css"].parent / "fonts", name, "")


@router.get("/sandbox/static/{name}")
def own_file(name: str) -> Response:
    return _file(OWN, name, "")


def _file(folder: Path, path: str, suffix: str) -> Response:
    found = (folder / path).resolve()
    inside = found.is_relative_to(folder.resolve())
    if not inside or not found.is_file() or not found.name.endswith(suffix):
        raise NotOnThisSiteError(f"no file {path!r}")
    return FileResponse(found)


@router.get("/avatar/{name}.svg")
def avatar(sandbox: Here, name: str) -> Response:
    """Initials on one of a few colours."""
    person = sandbox.site.find_person(name)
    words = person.display_name.split() if person else [name]
    initials = "".join(word[0] for word in words[:2]).upper()
    hue = hashlib.sha256(name.encode()).digest()[0] * 360 // 256
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48">'
        f'<circle cx="24" cy="24" r="24" fill="hsl({hue} 55% 38%)"/>'
        '<text x="24" y="31" text-anchor="middle" font-family="sans-serif" font-size="19" '
        f'font-weight="600" fill="#fff">{initials if initials.isalnum() else "?"}</text></svg>'
    )
    return HTMLResponse(svg, media_type="image/svg+xml")

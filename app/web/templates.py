"""Renders the Jinja2 templates of every domain folder, compiled once.

A template is named after its folder: `web/base.html` is `app/web/templates/base.html`,
`integrations/list.html` is `app/integrations/templates/list.html`.
"""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from app.web.elements import attributes, go, menu_items, svg, uid
from app.web.static_files import static_url

MODULES = ("transport.js", "shell.js", "dialog.js", "flags.js", "menus.js", "copy.js")
AP_OPTIONS = "resize:false;margin:false"
_APP = Path(__file__).resolve().parents[1]


def _source(name: str) -> tuple[str, str, None] | None:
    folder, _, rest = name.partition("/")
    path = _APP / folder / "templates" / rest
    if not path.is_file():
        return None
    return path.read_text(encoding="utf-8"), str(path), None


@cache
def environment() -> Environment:
    """The one environment: autoescape on, unknown names are errors, nothing reloaded."""
    env = Environment(
        loader=FunctionLoader(_source),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    env.globals.update(
        static_url=static_url,
        uid=uid,
        svg=svg,
        html_attributes=attributes,
        link_attributes=go,
        menu_items=menu_items,
        modules=MODULES,
        ap_options=AP_OPTIONS,
    )
    return env


def template_names() -> list[str]:
    """Every template of the house, by the name `render` takes."""
    return sorted(
        f"{folder.parent.name}/{path.relative_to(folder).as_posix()}"
        for folder in _APP.glob("*/templates")
        for path in folder.rglob("*.html")
    )


@cache
def compile_all() -> None:
    """Compile every template, so that no request pays for it and no mistake waits for one."""
    for name in template_names():
        environment().get_template(name)


def render(name: str, /, **values: object) -> Markup:
    """Render a template; the answer is safe HTML."""
    return Markup(environment().get_template(name).render(values))  # noqa: S704 - autoescaped

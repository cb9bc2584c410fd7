"""Cookies for one host alone, gone when the browser closes; the server ends what they open."""

from starlette.responses import Response


def give_cookie(response: Response, name: str, value: str, *, lasts_s: int | None = None) -> None:
    """By https alone, out of reach of scripts, and not sent along by other sites' forms."""
    response.set_cookie(
        name, value, max_age=lasts_s, path="/", secure=True, httponly=True, samesite="lax"
    )


def take_cookie(response: Response, name: str) -> None:
    """Take it back."""
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")

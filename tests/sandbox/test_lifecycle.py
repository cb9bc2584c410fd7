"""What the site tells the app, in which order, and signed how."""

from typing import Any

import jwt
import pytest
from atlassian_jwt.url_utils import hash_url

from sandbox.descriptor import InstallFailedError
from sandbox.site import SiteState
from sandbox.storage import open_site
from sandbox.tokens import public_pem
from tests.sandbox.conftest import DESCRIPTOR_URL, SITE_URL, World
from tests.sandbox.stub_app import BASE_URL, Told


def bearer(told: Told) -> str:
    scheme, _, token = told.authorization.partition(" ")
    assert scheme == "JWT"
    return token


async def install_claims(world: World, told: Told) -> dict[str, Any]:
    """Verified as an app does it: the key comes from the key server by the header's kid."""
    kid = jwt.get_unverified_header(bearer(told))["kid"]
    key = (await world.http.get(f"/install-keys/{kid}")).text
    claims: dict[str, Any] = jwt.decode(
        bearer(told),
        key,
        algorithms=["RS256"],
        audience=BASE_URL,
        options={"require": ["iss", "iat", "exp", "aud", "qsh"]},
    )
    return claims


async def test_install_tells_installed_signed_by_atlassian_then_enabled_by_the_secret(
    world: World,
) -> None:
    assert world.stub.events() == ["installed", "enabled"]
    installed, enabled = world.stub.told
    claims = await install_claims(world, installed)
    assert claims["iss"] == installed.body["clientKey"] == world.sandbox.site.client_key
    assert claims["qsh"] == hash_url("POST", "/lifecycle/installed")
    assert installed.body["baseUrl"] == SITE_URL
    secret = installed.body["sharedSecret"]
    assert 32 <= len(secret) <= 128
    enabled_claims = jwt.decode(bearer(enabled), secret, algorithms=["HS256"])
    assert enabled_claims["qsh"] == hash_url("POST", "/lifecycle/enabled")
    assert "sharedSecret" not in enabled.body


async def test_an_unknown_kid_has_no_key(world: World) -> None:
    assert (await world.http.get("/install-keys/somebody-elses")).status_code == 404


@pytest.mark.parametrize(
    ("change", "events", "new_secret", "new_client_key"),
    [
        ("reinstall", ["installed", "enabled"], True, False),
        ("upgrade", ["installed", "enabled"], False, False),
        ("rotate_secret", ["installed"], True, False),
        ("rename", ["installed"], False, False),
        ("import_data", ["installed", "enabled"], True, True),
    ],
)
async def test_each_change_is_told_as_jira_tells_it(
    world: World, change: str, events: list[str], new_secret: bool, new_client_key: bool
) -> None:
    before = world.stub.told[0].body
    world.stub.told.clear()
    await getattr(world.sandbox.host, change)()
    assert world.stub.events() == events
    after = world.stub.told[0].body
    assert (after["sharedSecret"] != before["sharedSecret"]) is new_secret
    assert (after["clientKey"] != before["clientKey"]) is new_client_key
    assert (await install_claims(world, world.stub.told[0]))["iss"] == after["clientKey"]
    assert (after["baseUrl"] != before["baseUrl"]) is (change == "rename")


async def test_uninstall_tells_disabled_and_uninstalled_each_signed_its_own_way(
    world: World,
) -> None:
    world.stub.told.clear()
    secret = world.sandbox.host.addon.shared_secret
    await world.sandbox.host.uninstall()
    told = dict(zip(world.stub.events(), world.stub.told, strict=True))
    assert set(told) == {"disabled", "uninstalled"}
    jwt.decode(bearer(told["disabled"]), secret, algorithms=["HS256"])
    await install_claims(world, told["uninstalled"])


async def test_install_after_uninstall_keeps_the_client_key_and_renews_the_secret(
    world: World,
) -> None:
    before = world.stub.told[0].body
    await world.sandbox.host.uninstall()
    await world.sandbox.host.install(DESCRIPTOR_URL)
    after = world.stub.told[-2].body
    assert after["clientKey"] == before["clientKey"]
    assert after["sharedSecret"] != before["sharedSecret"]


@pytest.mark.parametrize("change", ["reinstall", "rotate_secret", "rename", "import_data"])
async def test_a_change_that_the_app_refuses_is_undone(world: World, change: str) -> None:
    before = world.sandbox.site.to_json()
    world.stub.refuse.add("installed")
    with pytest.raises(InstallFailedError, match="HTTP response code 400"):
        await getattr(world.sandbox.host, change)()
    assert world.sandbox.site.to_json() == before


async def test_a_refused_notification_changes_nothing(world: World) -> None:
    world.stub.refuse |= {"enabled", "disabled", "uninstalled"}
    await world.sandbox.host.reinstall()
    await world.sandbox.host.uninstall()
    assert world.sandbox.site.addon is not None
    assert not world.sandbox.site.addon.installed


async def test_a_frame_is_signed_for_its_exact_address(world: World) -> None:
    from sandbox.seed import PIA

    url = world.sandbox.host.frame_url(PIA, "project-tab", "PAY")
    path, _, token = url.removeprefix(BASE_URL).partition("&jwt=")
    claims = jwt.decode(token, world.sandbox.host.addon.shared_secret, algorithms=["HS256"])
    assert claims["qsh"] == hash_url("GET", path)
    assert (claims["sub"], claims["iss"]) == (PIA, world.sandbox.site.client_key)
    assert path.startswith("/page/project?id=10001&key=PAY&xdm_e=http%3A%2F%2Flocalhost%3A2990&")
    assert {"lic=active", "cp="} <= set(path.partition("?")[2].split("&"))


@pytest.mark.parametrize(
    ("licence", "lic"),
    [("none", "none"), ("trial", "active"), ("paid", "active"), ("lapsed", "none")],
)
async def test_the_frame_tells_the_licence(world: World, licence: str, lic: str) -> None:
    world.sandbox.host.set_licence(licence)
    assert f"&lic={lic}&" in world.sandbox.host.frame_url(None, "main")


async def test_a_context_token_names_person_and_project(world: World) -> None:
    from sandbox.seed import PIA

    token = world.sandbox.host.context_token(PIA, "PAY")
    claims = jwt.decode(token, world.sandbox.host.addon.shared_secret, algorithms=["HS256"])
    assert claims["qsh"] == "context-qsh"
    assert claims["sub"] == PIA
    assert claims["context"] == {"jira": {"project": {"id": "10001", "key": "PAY"}}}
    assert claims["exp"] - claims["iat"] == 900


async def test_the_log_shows_both_directions_and_no_token(world: World) -> None:
    await world.as_app("GET", "/rest/api/3/serverInfo")
    shown = str(world.sandbox.log.to_json())
    assert "/lifecycle/installed" in shown
    assert "/rest/api/3/serverInfo" in shown
    assert "eyJ" not in shown


def test_a_restart_finds_the_same_site(tmp_path: Any) -> None:
    path = tmp_path / "state.json"
    first = open_site(path, SITE_URL)
    first.create_group("kept")
    again = open_site(path, SITE_URL)
    assert again.to_json() == first.to_json()
    assert path.stat().st_mode & 0o777 == 0o600
    assert public_pem(again.install_key_pem) == public_pem(first.install_key_pem)


def test_a_fresh_site_is_kept_in_memory_only(tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    SiteState.fresh().create_group("forgotten")
    assert list(tmp_path.iterdir()) == []

"""The site as it is opened: five people, four groups, three projects."""

import uuid

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.site import ADMINISTRATORS, SITE_USERS, Group, Person, Project, SiteState

ALICE = "5b10a2844c20165700ede21a"
GIA = "5b10a2844c20165700ede22b"
AXEL = "5b10a2844c20165700ede23c"
PIA = "5b10a2844c20165700ede24d"
NORA = "5b10a2844c20165700ede25e"

# Group ids are fixed so that tests and notes can name them.
GROUP_IDS = {
    ADMINISTRATORS: "11111111-0000-4000-8000-000000000001",
    SITE_USERS: "11111111-0000-4000-8000-000000000002",
    "getint-jira-gitlab": "11111111-0000-4000-8000-000000000003",
    "getint-jira-azure": "11111111-0000-4000-8000-000000000004",
}


def fresh_people() -> list[Person]:
    return [
        Person(
            ALICE,
            "Alice Admin",
            "alice@example.com",
            "A Jira admin: installs apps, sets them up, sees everything.",
        ),
        Person(
            GIA,
            "Gia Gitlab",
            "gia@example.com",
            "Member of getint-jira-gitlab: works with GitLab integrations, not with others.",
        ),
        Person(
            AXEL,
            "Axel Azure",
            "axel@example.com",
            "Member of getint-jira-azure: works with Azure DevOps integrations.",
        ),
        Person(
            PIA,
            "Pia Project",
            "pia@example.com",
            "Administers project PAY only: finds the app under its Project settings.",
        ),
        Person(
            NORA,
            "Nora Nobody",
            "nora@example.com",
            "Uses Jira and has none of these: is told why, and whom to ask.",
        ),
    ]


def fresh_groups() -> list[Group]:
    members = {
        ADMINISTRATORS: [ALICE],
        SITE_USERS: [ALICE, GIA, AXEL, PIA, NORA],
        "getint-jira-gitlab": [GIA],
        "getint-jira-azure": [AXEL],
    }
    return [Group(GROUP_IDS[name], name, ids) for name, ids in members.items()]


def fresh_projects() -> list[Project]:
    return [
        Project(10001, "PAY", "Payments", lead=PIA, admins=[PIA]),
        Project(10002, "OPS", "Operations", lead=ALICE),
        Project(10003, "WEB", "Website", lead=AXEL),
    ]


def new_install_key() -> tuple[str, str]:
    """An RSA-2048 key, as (kid, private PEM)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return str(uuid.uuid4()), pem.decode()


def fresh_site(base_url: str) -> SiteState:
    kid, pem = new_install_key()
    return SiteState(
        base_url=base_url.rstrip("/"),
        client_key=str(uuid.uuid4()),
        cloud_id=str(uuid.uuid4()),
        install_key_id=kid,
        install_key_pem=pem,
        people=fresh_people(),
        groups=fresh_groups(),
        projects=fresh_projects(),
    )

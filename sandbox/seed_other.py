"""The other Jira: another company's site, without any app, reached by e-mail and API token."""

import uuid

from sandbox.issues.catalogue import BUG
from sandbox.seed import new_install_key
from sandbox.seed_issues import seed_projects
from sandbox.site import ADMINISTRATORS, SITE_USERS, Group, Person, Project, SiteState

OLGA = "712020:0a1b2c3d-0000-4000-8000-00000000000a"
TOM = "712020:0a1b2c3d-0000-4000-8000-00000000000b"
OTHER_ALICE = "712020:0a1b2c3d-0000-4000-8000-00000000000c"
OLGA_EMAIL = "olga@example.net"
# Opens nothing but this site on one's own machine, and may be printed.
OLGA_TOKEN = "ATATT3xSandboxOlga-only-for-the-other-jira"  # noqa: S105


def fresh_other_site(base_url: str) -> SiteState:
    """ENG, SUP (whose bugs need a severity) and DEMO, which is empty.

    Olga's clock is in Tokyo, so times in her JQL are not UTC; Alice has the e-mail address that
    she has on the first site.
    """
    kid, pem = new_install_key()
    story = "Connects from elsewhere with an API token."
    people = [
        Person(OLGA, "Olga Other", OLGA_EMAIL, story, time_zone="Asia/Tokyo", locale="ja_JP"),
        Person(TOM, "Tom O'Träger 🛠", "tom@example.net", "Works in support."),
        Person(OTHER_ALICE, "Alice (Partner)", "alice@example.com", "The same Alice, at work."),
    ]
    everyone = [person.account_id for person in people]
    groups = [
        Group("22222222-0000-4000-8000-000000000001", ADMINISTRATORS, [OLGA]),
        Group("22222222-0000-4000-8000-000000000002", SITE_USERS, everyone),
    ]
    projects = [
        Project(10101, "ENG", "Engineering", lead=OLGA),
        Project(10102, "SUP", "Support", lead=TOM, required={BUG.id: ["customfield_10030"]}),
        Project(10103, "DEMO", "Demonstration", lead=OLGA),
    ]
    return SiteState(
        base_url=base_url.rstrip("/"),
        client_key=str(uuid.uuid4()),
        cloud_id=str(uuid.uuid4()),
        install_key_id=kid,
        install_key_pem=pem,
        people=people,
        groups=groups,
        projects=projects,
        api_tokens={OLGA: OLGA_TOKEN},
        name="Partner Jira",
    )


def seed_other_site(site: SiteState) -> None:
    """The issues of ENG and SUP."""
    seed_projects(site, "ENG", "SUP")

"""Between password and code: what a browser carries from one page of the sign-in to the next.

Sealed with the instance's key, good for ten minutes, and only as long as the password stays.
"""

import hmac
import json
import time
from dataclasses import asdict, dataclass
from uuid import UUID

from app.administration.models import Account
from app.encryption import CannotOpen
from app.instances.facts import InstanceFacts

COOKIE = "__Host-getint-halfway"
LASTS_S = 600
_PLACE = "between password and code"


@dataclass(frozen=True, slots=True)
class Halfway:
    """Whose password was right; with a ``secret`` for who has to set up a second factor."""

    account_id: str
    password: str
    secret: str
    at: float

    @property
    def id(self) -> UUID:
        """Of the account."""
        return UUID(self.account_id)

    def is_of(self, facts: InstanceFacts, account: Account) -> bool:
        """Whether the password is still the one that was right."""
        return hmac.compare_digest(self.password, _mark(facts, account))


def sealed(facts: InstanceFacts, account: Account, secret: str = "") -> str:
    """For the cookie."""
    halfway = Halfway(str(account.id), _mark(facts, account), secret, time.time())
    plain = json.dumps(asdict(halfway)).encode()
    return facts.key.seal(plain, _PLACE, facts.instance_id).hex()


def opened(facts: InstanceFacts, cookie: str) -> Halfway | None:
    """What the cookie holds, while it is good."""
    try:
        plain = facts.key.open(bytes.fromhex(cookie), _PLACE, facts.instance_id)
    except (CannotOpen, ValueError):
        return None
    halfway = Halfway(**json.loads(plain))
    return halfway if time.time() - halfway.at <= LASTS_S else None


def _mark(facts: InstanceFacts, account: Account) -> str:
    return facts.key.fingerprint((account.password_hash or "").encode())

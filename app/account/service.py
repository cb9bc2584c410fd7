"""What people change of their own account. Everything arrives proven by their session."""

from uuid import UUID

from sqlalchemy import select, update

from app.administration.models import Account
from app.errors import Conflict, InvalidInput, NotFound
from app.house import House
from app.identity.accounts import account_id_of
from app.identity.visit import Visit
from app.signing_in import passwords
from app.signing_in.accounts import enrol
from app.signing_in.noting import note
from app.signing_in.second_factor import step_of, use_step
from app.signing_in.sessions import SignedIn, end_session, end_sessions_of
from app.signing_in.totp import step_of as step_of_secret

OLD_IS_WRONG = "This is not your password."
CODE_IS_WRONG = "The code is wrong, or was used already. Wait for the next one."
DEMANDED = "An administrator of Getint has made a second factor a must."


async def own(house: House, visit: Visit) -> Account:
    """The account of the visitor."""
    account_id = account_id_of(visit.caller.account)
    async with house.database.of_instance(visit.caller.instance_id) as session:
        found = await session.scalar(select(Account).where(Account.id == account_id))
    if found is None:
        raise NotFound
    return found


async def change_password(
    house: House, visit: Visit, signed_in: SignedIn, *, old: str, new: str, place: str
) -> None:
    """Set another one and end all sessions but this. ``InvalidInput`` by field, ``TooMany``."""
    account = await own(house, visit)
    attempt = await house.attempts.count("password", str(account.id), place)
    if not await passwords.matches(account.password_hash, old):
        raise InvalidInput(fields={"old": OLD_IS_WRONG})
    await house.attempts.succeeded(attempt)
    hashed = await passwords.chosen(new, (account.name, account.email), field="new")
    async with house.database.of_instance(account.instance_id) as session:
        changed = await session.scalar(
            update(Account)
            .where(Account.id == account.id, Account.password_hash == account.password_hash)
            .values(password_hash=hashed)
            .returning(Account.id)
        )
        if changed is None:
            raise Conflict("Your password was changed or reset elsewhere.", mend="Sign in again.")
        await end_sessions_of(session, account.id, but=signed_in.session_id)
        note(session, account, "password set", how="by its owner")
        await house.changes.announce(session, account.instance_id)


async def enrol_second_factor(house: House, visit: Visit, secret: str, code: str) -> str:
    """Make it the second factor; what is wrong, or nothing."""
    account = await own(house, visit)
    if account.totp_secret is not None:
        raise Conflict("You have a second factor already.", mend="Reload the page.")
    step = step_of_secret(secret, code)
    if step is None:
        return CODE_IS_WRONG
    async with house.database.of_instance(account.instance_id) as session:
        if not await use_step(session, account.id, step):
            return CODE_IS_WRONG
        await enrol(session, visit.facts, account, secret)
        await house.changes.announce(session, account.instance_id)
    return ""


async def remove_second_factor(house: House, visit: Visit, code: str, place: str) -> str:
    """Take it away; what is wrong, or nothing. ``TooMany``."""
    if visit.facts.second_factor_required:
        return DEMANDED
    account = await own(house, visit)
    await house.attempts.count("code", str(account.id), place)
    step = step_of(visit.facts, account, code)
    if step is None:
        return CODE_IS_WRONG
    async with house.database.of_instance(account.instance_id) as session:
        if not await use_step(session, account.id, step):
            return CODE_IS_WRONG
        await session.execute(
            update(Account).where(Account.id == account.id).values(totp_secret=None, totp_step=None)
        )
        note(session, account, "second factor removed")
        await house.changes.announce(session, account.instance_id)
    return ""


async def end_others(house: House, visit: Visit, signed_in: SignedIn) -> None:
    """End all sessions of the visitor but this."""
    account = await own(house, visit)
    async with house.database.of_instance(account.instance_id) as session:
        await end_sessions_of(session, account.id, but=signed_in.session_id)
        note(session, account, "other sessions ended")
        await house.changes.announce(session, account.instance_id)


async def end_one(house: House, visit: Visit, session_id: UUID) -> None:
    """End one session of the visitor; harmless if it ended meanwhile, or is somebody else's."""
    account = await own(house, visit)
    async with house.database.of_instance(account.instance_id) as session:
        await end_session(session, account.id, session_id)
        await house.changes.announce(session, account.instance_id)

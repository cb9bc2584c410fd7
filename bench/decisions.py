"""Decisions a second: app.access beside casbin and Cedar, on the same rules and requests."""

import random
import time
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple
from uuid import UUID

import casbin
import cedarpy

from app.access import TABLE, Action, Caller, Place, Situation, Tool, decide
from app.access.words import LicenceStanding, OthersMay
from bench.figures import Figures
from bench.rules import casbin_lines, cedar_policies, subject, thing

REQUESTS = 3000
_MODEL = """
[request_definition]
r = sub, obj, act
[policy_definition]
p = act, effect, rule
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.act == p.act && r.sub.is_open && r.obj.is_own_instance && \
(p.effect == "read" || r.sub.is_current) && (p.effect != "change" || r.sub.is_licensed) && \
eval(p.rule)
"""
_INSTANCES = [UUID(int=number) for number in (1, 2)]
_WORKSPACES = [UUID(int=number) for number in (11, 12)]
_PEOPLE = ["jira:a", "jira:b", "user:c"]
_PROJECTS = ["10001", "10002"]


class Request(NamedTuple):
    """One question."""

    caller: Caller
    action: Action
    place: Place


def measure() -> Figures:
    """Ask all three the same; the answers are compared before anything is timed."""
    requests = _requests()
    sides: dict[str, Callable[[], Sequence[bool]]] = {
        "app.access.decide": lambda: [bool(decide(*request)) for request in requests],
        f"pycasbin {casbin.__version__ if hasattr(casbin, '__version__') else ''}".strip(): _casbin(
            requests
        ),
        "cedarpy (batch)": _cedar(requests),
    }
    answers = {name: list(ask()) for name, ask in sides.items()}
    ours = answers["app.access.decide"]
    for name, theirs in answers.items():
        differ = sum(a != b for a, b in zip(ours, theirs, strict=True))
        assert not differ, f"{name} answers {differ} of {REQUESTS} requests differently"
    speeds = {
        name: _per_second(ask, slow=name.startswith("pycasbin")) for name, ask in sides.items()
    }
    base = speeds["app.access.decide"]
    rows = [
        (name, f"{speed:,.0f}", f"{1e6 / speed:,.1f}", f"{base / speed:,.0f} times")
        for name, speed in speeds.items()
    ]
    note = (
        f"{REQUESTS} random requests over all {len(TABLE)} actions, {sum(ours)} of them allowed; "
        "all three give the same answers (asserted). Only ours says why not."
    )
    return Figures("decisions", ("", "decisions/s", "µs each", "ours is faster"), rows, (note,))


def _per_second(ask: Callable[[], Sequence[bool]], *, slow: bool) -> float:
    best = 0.0
    for _ in range(1 if slow else 5):
        began = time.perf_counter()
        count = len(ask())
        best = max(best, count / (time.perf_counter() - began))
    return best


def _casbin(requests: list[Request]) -> Callable[[], Sequence[bool]]:
    model = casbin.Model()
    model.load_model_from_text(_MODEL)
    enforcer = casbin.Enforcer(model)
    enforcer.add_policies([list(line) for line in casbin_lines()])
    asked = [
        (
            SimpleNamespace(**subject(caller)),
            SimpleNamespace(
                **thing(place), is_own_instance=place.instance_id == caller.instance_id
            ),
            action.name,
        )
        for caller, action, place in requests
    ]
    return lambda: [enforcer.enforce(*one) for one in asked]


def _cedar(requests: list[Request]) -> Callable[[], Sequence[bool]]:
    policies = cedar_policies()
    asked: list[dict[str, Any]] = [
        {
            "principal": 'User::"x"',
            "action": f'Action::"{action.name}"',
            "resource": 'Thing::"x"',
            "context": {
                **subject(caller),
                **thing(place),
                "effect": TABLE[action].effect.value,
                "is_own_instance": place.instance_id == caller.instance_id,
            },
        }
        for caller, action, place in requests
    ]
    return lambda: [answer.allowed for answer in cedarpy.is_authorized_batch(asked, policies, [])]


def _requests() -> list[Request]:
    chance = random.Random(7)
    actions = list(Action)
    return [
        Request(_caller(chance), chance.choice(actions), _place(chance)) for _ in range(REQUESTS)
    ]


def _caller(chance: random.Random) -> Caller:
    def mostly() -> bool:
        return chance.random() < 0.9

    return Caller(
        instance_id=_INSTANCES[0],
        account=chance.choice(_PEOPLE),
        is_admin=chance.random() < 0.2,
        tools=frozenset(chance.sample([tool.value for tool in Tool], chance.randrange(4))),
        projects=frozenset(chance.sample(_PROJECTS, chance.randrange(2))),
        workspaces=frozenset(chance.sample(_WORKSPACES, chance.randrange(1, 3))),
        is_workspace_user=chance.random() < 0.2,
        is_support=chance.random() < 0.1,
        situation=Situation(
            installed=mostly(),
            configured=mostly(),
            licence=LicenceStanding.ACTIVE if mostly() else LicenceStanding.NOT_ACTIVE,
            support_approved=chance.random() < 0.5,
            standing_is_current=mostly(),
        ),
    )


def _place(chance: random.Random) -> Place:
    return Place(
        _INSTANCES[0] if chance.random() < 0.95 else _INSTANCES[1],
        workspace_id=chance.choice(_WORKSPACES),
        tool=chance.choice(list(Tool)).value,
        project_id=chance.choice(_PROJECTS),
        owner=chance.choice(_PEOPLE),
        others_may=chance.choice(list(OthersMay)),
        shared_with_support=chance.random() < 0.5,
    )

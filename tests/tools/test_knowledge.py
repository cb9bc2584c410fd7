"""What a side learnt is asked for once, and not believed for ever."""

import asyncio
from dataclasses import dataclass, field

import pytest

from app.tools.knowledge import KEPT_S, Knowledge
from app.tools.side import SideBusy


@dataclass
class Place:
    """Tells its fields, and counts how often."""

    trouble: Exception | None = None
    asked: int = 0
    now: float = 1000.0
    knowledge: Knowledge = field(init=False)

    def __post_init__(self) -> None:
        self.knowledge = Knowledge(lambda: self.now)

    async def learn(self) -> int:
        self.asked += 1
        await asyncio.sleep(0)
        if self.trouble is not None:
            raise self.trouble
        return self.asked

    async def fields(self) -> int:
        return await self.knowledge.of("fields", self.learn)


async def test_many_who_ask_at_once_wait_for_one_answer() -> None:
    place = Place()
    assert await asyncio.gather(*(place.fields() for _ in range(20))) == [1] * 20


async def test_after_some_minutes_it_is_asked_again() -> None:
    place = Place()
    await place.fields()
    place.now += KEPT_S - 1
    assert await place.fields() == 1
    place.now += 1
    assert await place.fields() == 2


async def test_a_failure_is_told_and_not_kept() -> None:
    place = Place(SideBusy("It asks to wait.", 1.0))
    with pytest.raises(SideBusy):
        await place.fields()
    place.trouble = None
    assert await place.fields() == 2

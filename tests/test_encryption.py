"""What is sealed opens only in its place, for its instance, with a key that is configured."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.encryption import CannotOpen, InstanceKey, MasterKeys

OLD, NEW = b"o" * 32, b"n" * 32
INSTANCE = UUID(int=7)


def key_of(masters: MasterKeys, instance: UUID = INSTANCE) -> InstanceKey:
    return masters.instance_key(masters.new_instance_key(instance), instance)


@given(st.binary(max_size=200), st.text(max_size=20))
def test_what_is_sealed_opens_again_in_its_place(plain: bytes, place: str) -> None:
    key = key_of(MasterKeys([OLD]))
    assert key.open(key.seal(plain, "connections", place), "connections", place) == plain


@given(st.binary(min_size=1, max_size=50), st.integers(min_value=0), st.integers(0, 7))
def test_a_changed_bit_does_not_open(plain: bytes, where: int, bit: int) -> None:
    key = key_of(MasterKeys([OLD]))
    sealed = bytearray(key.seal(plain, "here"))
    sealed[where % len(sealed)] ^= 1 << bit
    with pytest.raises(CannotOpen):
        key.open(bytes(sealed), "here")


def test_a_value_copied_to_another_row_does_not_open() -> None:
    key = key_of(MasterKeys([OLD]))
    sealed = key.seal(b"secret", "connections", 1, "credentials")
    for place in (("connections", 2, "credentials"), ("connections", 1), ("connections", "1c")):
        with pytest.raises(CannotOpen):
            key.open(sealed, *place)


def test_a_value_of_one_instance_does_not_open_for_another() -> None:
    masters = MasterKeys([OLD])
    sealed = key_of(masters).seal(b"secret", "here")
    with pytest.raises(CannotOpen):
        key_of(masters, uuid4()).open(sealed, "here")


def test_a_wrapped_key_is_bound_to_its_instance() -> None:
    masters = MasterKeys([OLD])
    with pytest.raises(CannotOpen):
        masters.instance_key(masters.new_instance_key(INSTANCE), uuid4())


def test_sealing_twice_gives_different_bytes() -> None:
    key = key_of(MasterKeys([OLD]))
    assert key.seal(b"same", "here") != key.seal(b"same", "here")


def test_keys_rotate_without_touching_what_they_sealed() -> None:
    wrapped = MasterKeys([OLD]).new_instance_key(INSTANCE)
    sealed = MasterKeys([OLD]).instance_key(wrapped, INSTANCE).seal(b"secret", "here")
    both = MasterKeys([NEW, OLD])
    assert not both.is_current(wrapped)
    rewrapped = both.rewrap(wrapped, INSTANCE)
    assert both.is_current(rewrapped)
    assert MasterKeys([NEW]).instance_key(rewrapped, INSTANCE).open(sealed, "here") == b"secret"


def test_without_the_master_key_nothing_opens() -> None:
    wrapped = MasterKeys([OLD]).new_instance_key(INSTANCE)
    with pytest.raises(CannotOpen):
        MasterKeys([NEW]).instance_key(wrapped, INSTANCE)


@given(st.binary(max_size=80))
def test_rubbish_does_not_open_and_says_no_more_than_that(rubbish: bytes) -> None:
    with pytest.raises(CannotOpen):
        key_of(MasterKeys([OLD])).open(rubbish, "here")
    with pytest.raises(CannotOpen):
        MasterKeys([OLD]).instance_key(rubbish, INSTANCE)


def test_the_key_is_not_in_its_own_picture() -> None:
    assert "\\x" not in repr(InstanceKey(OLD))
    assert "ooo" not in repr(InstanceKey(OLD))

"""Promises of identifiers: they look random, can be decoded, and cannot be invented."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from freshchat_sandbox.account.identifiers import Identifiers, Kind

PLACES = st.tuples(st.integers(0, 65_535), st.integers(0, (1 << 22) - 1))
KINDS = st.sampled_from(Kind)


@given(st.integers(), KINDS, PLACES, st.integers(0, (1 << 19) - 1))
def test_a_uuid_encodes_one_kind_and_number_and_no_other(seed, kind, place, part):
    ids = Identifiers(seed)
    day, number = place
    text = ids.uuid(kind, day, number, part)
    assert uuid.UUID(text).version == 4
    assert str(uuid.UUID(text)) == text
    assert ids.parse_uuid(kind, text) == (*place, part)
    assert all(ids.parse_uuid(other, text) is None for other in Kind if other != kind)


@given(KINDS, PLACES)
def test_numeric_ids_and_codes_encode_their_number(kind, place):
    ids = Identifiers(1)
    assert ids.parse_internal(kind, ids.internal(kind, *place)) == place
    assert len(str(ids.internal(kind, *place))) == 15
    assert ids.parse_code(kind, ids.code(kind, *place)) == place


@given(st.uuids(version=4))
def test_an_id_of_another_account_is_unknown(other_uuid):
    assert all(Identifiers(1).parse_uuid(kind, str(other_uuid)) is None for kind in Kind)


def test_another_seed_has_other_ids():
    text = Identifiers(1).uuid(Kind.AGENT)
    assert Identifiers(2).parse_uuid(Kind.AGENT, text) is None

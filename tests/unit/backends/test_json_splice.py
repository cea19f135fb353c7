import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.backends.json_splice import added, member, members, removed, replaced

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(), JSON, min_size=1, max_size=5)
STYLES = st.sampled_from([{}, {"indent": 2}, {"separators": (",", ":")}, {"ensure_ascii": False}])


@given(content=OBJECTS, style=STYLES)
def test_members_are_those_that_a_parser_finds(content, style) -> None:
    text = json.dumps(content, **style)
    assert {each.key: each.value for each in members(text)} == content


@given(content=OBJECTS, style=STYLES, data=st.data())
def test_a_removed_member_is_gone_and_nothing_else(content, style, data) -> None:
    key = data.draw(st.sampled_from(sorted(content)))
    text = json.dumps(content, **style)
    found = member(text, key)
    assert found
    assert json.loads(removed(text, found)) == {k: v for k, v in content.items() if k != key}


@given(content=OBJECTS, style=STYLES, data=st.data())
def test_a_replaced_member_has_its_new_value_and_nothing_else_moves(content, style, data) -> None:
    key = data.draw(st.sampled_from(sorted(content)))
    text = json.dumps(content, **style)
    found = member(text, key)
    assert found
    assert json.loads(replaced(text, found, '{"a":1}')) == {**content, key: {"a": 1}}


@pytest.mark.parametrize("text", ['{"a": 28.0}', "{}", "{ }", ' {\n "a" : "{" }'])
def test_an_added_member_stands_first_and_nothing_else_moves(text) -> None:
    begin, _, rest = text.partition("{")
    grown = added(text, "new", "[1]")
    assert (grown.startswith(begin + '{"new":[1]'), grown.endswith(rest)) == (True, True)
    assert json.loads(grown) == {"new": [1], **json.loads(text)}


def test_every_other_byte_stays_as_it_was() -> None:
    text = '{ "a" : 28.0 ,\n "trace": {"x":1}, "b": "\\u00e4 1e5"}'
    found = member(text, "trace")
    assert found
    assert removed(text, found) == '{ "a" : 28.0 ,\n "b": "\\u00e4 1e5"}'


def test_a_key_that_is_spelled_with_an_escape_is_found() -> None:
    assert member('{"guardrail\\u0043onfig": 1}', "guardrailConfig")


def test_a_key_that_is_there_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        member('{"a":1,"a":2}', "a")


@pytest.mark.parametrize("text", ["", "[]", "null", '{"a"', '{"a":1', '{"a" 1}', '{"a":1 "b":2}'])
def test_what_is_no_object_is_refused(text) -> None:
    with pytest.raises(ValueError):
        list(members(text))

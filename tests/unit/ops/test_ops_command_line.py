"""The operator's command line: what it prints where, and how it fails."""

import json
import re

import pytest
from botocore.exceptions import EndpointConnectionError

from chalicelib.tenants.keys import key_hash, key_id_of
from ops import __main__ as command_line
from ops import directory as ops_directory

KEY_LINE = re.compile(r"tg_[a-z2-7]{12}_[a-z2-7]{52}_[a-z2-7]{7}\n")


@pytest.fixture
def ops(dynamodb, capsys):
    """Run a command; return its exit status, its stdout and its stderr."""

    def run(*argv):
        status = command_line.main(argv)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture
def genomics(ops):
    return ops("tenants", "create", "genomics", "--name", "Genomics", "--allow", "anthropic.*")


def test_a_created_tenant_is_shown(genomics):
    status, out, err = genomics
    assert (status, err) == (0, "")
    assert re.search(r"^allow +anthropic\.\*$", out, re.MULTILINE)


def test_a_tenant_with_every_option_is_shown_as_it_was_asked_for(ops, genomics):
    ops(
        *("tenants", "create", "ada", "--kind", "user", "--parent", "genomics", "--name", "Ada L."),
        *("--cost-center", "CC-1", "--tag", "stage=prod", "owner=ada"),
    )
    shown = json.loads(ops("tenants", "show", "ada", "--json")[1])
    del shown["created_at"]
    assert shown == {
        "team_id": "ada",
        "kind": "user",
        "parent": "genomics",
        "display_name": "Ada L.",
        "cost_center": "CC-1",
        "tags": {"stage": "prod", "owner": "ada"},
        "state": "active",
        "allow": [],
        "key_ids": [],
    }


def test_tenants_are_listed_as_a_table(ops, genomics):
    header, row = ops("tenants", "list")[1].splitlines()
    assert header.split() == (
        ["team_id", "kind", "parent", "state", "display_name", "cost_center", "tags", "allow"]
    )
    assert row.split() == ["genomics", "team", "-", "active", "Genomics", "-", "-", "anthropic.*"]


def test_a_change_of_what_reports_say_is_shown(ops, genomics):
    status, out, _ = ops("tenants", "update", "genomics", "--tag", "stage=prod", "a/b=c d")
    assert status == 0
    assert re.search(r"^tags +stage=prod a/b=c d$", out, re.MULTILINE)


def test_a_change_of_nothing_is_refused(ops, genomics):
    status, _, err = ops("tenants", "update", "genomics")
    assert status == 1
    assert "say what to change" in err


def test_tenants_are_listed_as_json(ops, genomics):
    (tenant,) = json.loads(ops("tenants", "list", "--json")[1])
    assert tenant["team_id"] == "genomics"


def test_a_changed_allow_list_is_said(ops, genomics):
    out = ops("tenants", "allow", "genomics", "cohere.*", "--remove", "anthropic.*")[1]
    assert out == "genomics may use: cohere.*\n"


def test_an_empty_allow_list_is_said_to_allow_nothing(ops, genomics):
    out = ops("tenants", "allow", "genomics", "--remove", "anthropic.*")[1]
    assert out == "genomics may use: nothing\n"


def test_a_disabled_tenant_is_said_to_be_so_and_when_it_is_known(ops, genomics):
    out = ops("tenants", "disable", "genomics")[1]
    assert out.startswith("genomics is disabled; every gateway process knows within KEY_CACHE")
    assert json.loads(ops("tenants", "show", "genomics", "--json")[1])["state"] == "disabled"


def test_a_tenant_is_enabled_again(ops, genomics):
    ops("tenants", "disable", "genomics")
    assert ops("tenants", "disable", "genomics", "--enable")[1].startswith("genomics is active")


def test_a_new_key_stands_alone_on_stdout(ops, genomics):
    status, out, err = ops("keys", "create", "genomics", "--label", "nightly batch")
    assert status == 0
    assert KEY_LINE.fullmatch(out)
    assert key_id_of(out.strip()) in err
    assert out.strip() not in err


def test_an_expiry_is_said_to_the_moment(ops, genomics):
    err = ops("keys", "create", "genomics", "--expires", "2099-01-31")[2]
    assert "until 2099-01-31T00:00:00.000Z" in err


def test_a_rotation_prints_the_successor_and_says_when_the_old_key_ends(ops, genomics):
    old = key_id_of(ops("keys", "create", "genomics")[1].strip())
    status, out, err = ops("keys", "rotate", old, "--overlap", "48")
    assert status == 0
    assert KEY_LINE.fullmatch(out)
    assert f"the old key {old} works until " in err


def test_a_revocation_says_how_long_the_key_can_still_work(ops, genomics):
    key_id = key_id_of(ops("keys", "create", "genomics")[1].strip())
    assert "within KEY_CACHE_SECONDS (60 by default)" in ops("keys", "revoke", key_id)[2]


def test_keys_are_listed_with_their_states(ops, genomics):
    working = key_id_of(ops("keys", "create", "genomics")[1].strip())
    revoked = key_id_of(ops("keys", "create", "genomics")[1].strip())
    ops("keys", "revoke", revoked)
    listed = json.loads(ops("keys", "list", "genomics", "--json")[1])
    assert {key["key_id"]: key["state"] for key in listed} == {
        working: "active",
        revoked: "revoked",
    }


@pytest.mark.parametrize(
    "command",
    [
        ("keys", "list", "genomics"),
        ("keys", "list", "genomics", "--json"),
        ("tenants", "list"),
        ("tenants", "list", "--json"),
        ("tenants", "show", "genomics"),
        ("tenants", "show", "genomics", "--json"),
    ],
)
def test_no_listing_shows_a_secret_or_a_hash(ops, genomics, command):
    key = ops("keys", "create", "genomics")[1].strip()
    shown = "".join(ops(*command)[1:])
    assert key.split("_")[2][:8] not in shown
    assert key_hash(key).hex()[:8] not in shown


# Failing


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("tenants", "show", "nobody"), "there is no tenant nobody"),
        (("tenants", "create", "genomics"), "there is a tenant genomics already"),
        (("tenants", "create", "x", "--name", "y"), "'x' is not a team id"),
        (("tenants", "create", "xx", "--parent", "yy"), "there is no tenant yy to be its parent"),
        (("tenants", "create", "xx", "--parent", ""), "'' is not a team id"),
        (("tenants", "allow", "genomics"), "name a glob to add, or one to --remove"),
        (("tenants", "allow", "genomics", "[a]*"), "'[a]*' is not a glob of model ids"),
        (("tenants", "disable", "nobody"), "there is no tenant nobody"),
        (("keys", "create", "nobody"), "there is no tenant nobody"),
        (("keys", "create", "genomics", "--expires", "soon"), "'soon' is neither a date"),
        (("keys", "list", "nobody"), "there is no tenant nobody"),
        (("keys", "rotate", "aaaaaaaaaaaa"), "there is no key aaaaaaaaaaaa"),
        (("keys", "rotate", "aaaaaaaaaaaa", "--overlap", "-1"), "the overlap is 0 to 8760 hours"),
        (("keys", "revoke", "tg_whatever"), "this is not a key id"),
        (("report", "--date", "yesterday"), "REPORTS_BUCKET is not set"),
    ],
)
def test_a_refusal_is_one_line_on_stderr_and_status_1(
    ops, genomics, monkeypatch, command, sentence
):
    monkeypatch.setenv("STREAMS_TABLE", "streams")
    monkeypatch.setenv("STREAMS_QUEUE", "streams")
    monkeypatch.delenv("REPORTS_BUCKET", raising=False)
    status, out, err = ops(*command)
    assert (status, out) == (1, "")
    assert err.startswith(f"error: {sentence}")
    assert err.count("\n") == 1


def test_without_the_table_s_name_the_command_says_what_is_missing(ops, monkeypatch):
    monkeypatch.delenv("TENANTS_TABLE")
    status, _, err = ops("tenants", "list")
    assert status == 1
    assert err.startswith("error: TENANTS_TABLE is not set")


def test_the_table_s_name_and_a_region_are_all_that_tenants_and_keys_need(ops, monkeypatch):
    for name in ("REPORTS_BUCKET", "PAYLOADS_BUCKET", "USAGE_LOG_GROUP", "STAGE"):
        monkeypatch.delenv(name, raising=False)
    assert ops("tenants", "list")[0] == 0


def test_a_table_that_is_not_there_is_an_error_in_one_line(ops, monkeypatch):
    monkeypatch.setenv("TENANTS_TABLE", "elsewhere")
    status, _, err = ops("tenants", "list")
    assert status == 1
    assert "ResourceNotFoundException" in err
    assert err.count("\n") == 1


def test_an_aws_that_is_not_reached_is_an_error_in_one_line(ops, monkeypatch):
    def unreached(*_args, **_kwargs):
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1/")

    monkeypatch.setattr(ops_directory.Directory, "tenants", unreached)
    status, _, err = ops("tenants", "list")
    assert status == 1
    assert err.startswith("error: Could not connect")
    assert err.count("\n") == 1


def test_a_command_that_is_not_there_is_a_usage_error(ops):
    with pytest.raises(SystemExit) as left:
        ops("tenants", "delete", "genomics")
    assert left.value.code == 2


@pytest.mark.parametrize(
    "group", ["tenants", "keys", "models", "report", "prices", "doctor", "env", "capacity"]
)
def test_each_group_shows_examples(ops, capsys, group):
    with pytest.raises(SystemExit) as left:
        ops(group, "--help")
    assert left.value.code == 0
    assert "example" in capsys.readouterr().out

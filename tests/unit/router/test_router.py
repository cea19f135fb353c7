from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from builders import ACCOUNT, blocks, identity

from chalicelib.admission import SETTLE_SECONDS, ModelRequest
from chalicelib.backends.operation import Payload
from chalicelib.errors import (
    AnswerLost,
    BadRequest,
    LedgerUnavailable,
    ModelBlocked,
    ModelNotAllowed,
    ProviderFault,
    ProviderTimeout,
    ProviderUnavailable,
    Throttled,
    TollgateError,
)
from chalicelib.router import Router
from chalicelib.settings import Endpoint, Settings
from chalicelib.surfaces.invoke import OPERATIONS
from chalicelib.transport import NoAnswer, NotSent, Reply
from chalicelib.usage_record import Outcome, ProviderCall

NOVA = "us.amazon.nova-lite-v1:0"
COUNTS = {
    "x-amzn-bedrock-input-token-count": "30",
    "x-amzn-bedrock-output-token-count": "51",
    "x-amzn-requestid": "aws-1",
}
ANSWERED = Reply(200, COUNTS, b'{"output":{}}')
THROTTLED = Reply(429, {"x-amzn-errortype": "ThrottlingException:http://x/"}, b'{"message":"slow"}')


@dataclass
class FakeLedger:
    """Keeps what would be written, in order."""

    events: list[tuple[str, ProviderCall, Outcome | None]] = field(default_factory=list)
    away: bool = False

    def started(self, call: ProviderCall) -> None:
        if self.away:
            raise LedgerUnavailable
        self.events.append(("started", call, None))

    def ended(self, call: ProviderCall, outcome: Outcome) -> None:
        self.events.append((outcome.kind, call, outcome))

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _, _ in self.events]

    @property
    def call(self) -> ProviderCall:
        return self.events[0][1]

    @property
    def outcome(self) -> Outcome:
        assert self.events[-1][2]
        return self.events[-1][2]


@dataclass
class FakeTransport:
    """Answers every call with `reply`, or raises it, and keeps what it was asked."""

    reply: Reply | Exception = ANSWERED
    calls: list[tuple[str, dict[str, str], bytes, float]] = field(default_factory=list)

    def call(
        self, _service, _method, path, headers, body, *, timeout, patience=None, team_id
    ) -> Reply:
        self.calls.append((path, headers, body, timeout))
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply


@dataclass
class Stage:
    ledger: FakeLedger = field(default_factory=FakeLedger)
    provider: FakeTransport = field(default_factory=FakeTransport)
    clock: Any = lambda: 100.0
    now: datetime = datetime(2026, 11, 23, 23, 59, 59, 900_000, tzinfo=UTC)
    blocked: tuple[str, ...] = ()

    def router(self) -> Router:
        settings = Settings(
            region="us-east-1",
            tenants_table="t",
            reports_bucket="r",
            payloads_bucket="p",
            model_timeout_seconds=60,
            endpoints={"chat": Endpoint("chat", "tgi")},
        )
        return Router(
            settings,
            self.ledger,
            self.provider,
            blocks(*self.blocked),
            clock=self.clock,
            now=lambda: self.now,
        )

    def answer(self, **fields: Any) -> Reply:
        who = identity(allow=fields.pop("allow", ("us.amazon.*", "chat")))
        headers = fields.pop("headers", {})
        request = ModelRequest(
            **{
                "request_id": "r-1",
                "model_id": NOVA,
                "payload": Payload(headers, fields.pop("body", b"{}")),
                "operations": OPERATIONS,
                "surface": "invoke",
                "account": ACCOUNT,
                "seconds_left": 900.0,
                **fields,
            }
        )
        return self.router().answer(who, request)

    def refusal(self, kind: type[TollgateError], **fields: Any) -> TollgateError:
        with pytest.raises(kind) as refused:
            self.answer(**fields)
        return refused.value


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_the_models_own_answer_is_returned(stage) -> None:
    assert stage.answer() == ANSWERED


def test_every_provider_call_leaves_a_pair_of_records(stage) -> None:
    stage.answer()
    assert stage.ledger.kinds == ["started", "usage"]
    assert stage.ledger.events[0][1] is stage.ledger.events[1][1]


def test_the_record_has_the_providers_own_counts_and_request_id(stage) -> None:
    stage.answer()
    outcome = stage.ledger.outcome
    assert (outcome.usage.input_tokens, outcome.usage.output_tokens) == (30, 51)
    assert (outcome.usage_source, outcome.provider_request_id) == ("header", "aws-1")


def test_what_is_dispatched_is_what_is_authorised_recorded_and_priced(stage) -> None:
    arn = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:inference-profile/{NOVA}"
    stage.answer(model_id=arn)
    assert stage.provider.calls[0][0] == "/model/us.amazon.nova-lite-v1%3A0/invoke"
    assert stage.ledger.call.model_id == NOVA
    assert (stage.ledger.call.base_model, stage.ledger.call.geo) == ("amazon.nova-lite-v1:0", "us")


@pytest.mark.parametrize(
    ("model_id", "unlisted"), [(NOVA, 0), ("us.amazon.no-such", 1), ("chat", 0)]
)
def test_a_call_says_whether_any_list_names_its_model(stage, model_id, unlisted) -> None:
    stage.answer(model_id=model_id)

    assert [call.unlisted for _, call, _ in stage.ledger.events] == [unlisted, unlisted]


def test_the_tenant_is_whoever_the_key_says(stage) -> None:
    stage.answer(headers={"team_id": "somebody-else", "x-team-id": "somebody-else"})
    assert stage.ledger.call.team_id == "search"


def test_a_model_outside_the_allow_list_costs_nothing(stage) -> None:
    stage.refusal(ModelNotAllowed, model_id="anthropic.claude-3-haiku-20240307-v1:0")
    assert (stage.ledger.kinds, stage.provider.calls) == ([], [])


def test_a_geo_profile_needs_its_own_admission(stage) -> None:
    stage.refusal(ModelNotAllowed, model_id=NOVA, allow=("amazon.*",))


def test_an_empty_allow_list_admits_nothing(stage) -> None:
    stage.refusal(ModelNotAllowed, allow=())


def test_what_could_not_be_metered_is_refused_before_anything_is_spent(stage) -> None:
    stage.refusal(BadRequest, model_id="chat", headers={"x-amzn-sagemaker-target-model": "x"})
    assert (stage.ledger.kinds, stage.provider.calls) == ([], [])


def test_another_teams_s3_location_is_refused_before_anything_is_spent(stage) -> None:
    stage.refusal(BadRequest, body=b'{"s3Location":{"uri":"s3://p/teams/art/x.mp4"}}')
    assert (stage.ledger.kinds, stage.provider.calls) == ([], [])


SDXL = "stability.stable-diffusion-xl-v1"


@pytest.mark.parametrize("body", [b'{"steps":150,"steps":30}', b'{"a":{"b":1,"b":2}}'])
def test_a_request_that_says_two_things_of_its_price_is_refused(stage, body) -> None:
    stage.refusal(BadRequest, model_id=SDXL, allow=("*",), body=body)
    assert (stage.ledger.kinds, stage.provider.calls) == ([], [])


def test_a_request_whose_price_stands_in_the_answer_is_not_read(stage) -> None:
    stage.answer(body=b'{"a":1,"a":2}')
    assert stage.ledger.kinds == ["started", "usage"]


def test_a_teams_own_s3_location_is_let_through_unchanged(stage) -> None:
    body = b'{"s3Location":{"uri":"s3://p/teams/search/x.mp4"}}'
    stage.answer(body=body)
    assert stage.provider.calls[0][2] == body


GUARDED = {"x-amzn-bedrock-guardrailidentifier": "gr1", "x-amzn-bedrock-guardrailversion": "1"}


def test_a_guardrail_is_admitted_as_a_model_is(stage) -> None:
    stage.refusal(ModelNotAllowed, headers=GUARDED)
    assert (stage.ledger.kinds, stage.provider.calls) == ([], [])
    stage.answer(headers=GUARDED, allow=("us.amazon.*", "guardrail/gr1"))


def test_another_accounts_guardrail_never_runs(stage) -> None:
    arn = "arn:aws:bedrock:us-east-1:999999999999:guardrail/gr1"
    headers = {**GUARDED, "x-amzn-bedrock-guardrailidentifier": arn}
    stage.refusal(ModelNotAllowed, headers=headers, allow=("*",))


@pytest.mark.parametrize("glob", [NOVA, "amazon.nova-lite-v1:0", "us.*", "*"])
def test_a_model_that_is_blocked_for_everyone_costs_nothing(stage, glob) -> None:
    stage.blocked = (glob,)
    refused = stage.refusal(ModelBlocked)
    assert (refused.status, refused.code) == (403, "model_blocked")
    assert (stage.ledger.kinds, stage.provider.calls) == ([], [])


def test_other_models_go_on_while_one_is_blocked(stage) -> None:
    stage.blocked = ("anthropic.*",)
    assert stage.answer() == ANSWERED


def test_a_model_outside_the_allow_list_is_not_told_to_be_blocked(stage) -> None:
    stage.blocked = ("*",)
    assert stage.refusal(ModelNotAllowed, allow=()).code == "model_not_allowed"


def test_a_blocked_guardrail_is_not_left_out_of_a_call_that_names_it(stage) -> None:
    stage.blocked = ("guardrail/*",)
    stage.refusal(ModelBlocked, headers=GUARDED, allow=("us.amazon.*", "guardrail/gr1"))
    assert (stage.ledger.kinds, stage.provider.calls) == ([], [])


def test_nothing_is_sent_when_it_cannot_be_recorded(stage) -> None:
    stage.ledger.away = True
    stage.refusal(LedgerUnavailable)
    assert stage.provider.calls == []


def test_a_refused_call_is_recorded_as_failed_and_counts_nothing(stage) -> None:
    stage.provider.reply = THROTTLED
    stage.refusal(Throttled)
    assert stage.ledger.kinds == ["started", "failed"]
    assert stage.ledger.outcome.error_code == "ThrottlingException"
    assert stage.ledger.outcome.status_code == 429
    assert not any(stage.ledger.outcome.usage.as_dict().values())


def test_a_throttled_call_is_not_repeated_behind_the_tenants_back(stage) -> None:
    stage.provider.reply = THROTTLED
    stage.refusal(Throttled)
    assert len(stage.provider.calls) == 1


def test_a_call_that_was_never_sent_is_failed(stage) -> None:
    stage.provider.reply = NotSent()
    stage.refusal(ProviderUnavailable)
    assert (stage.ledger.kinds, stage.ledger.outcome.error_code) == (
        ["started", "failed"],
        "not_sent",
    )


def test_a_timeout_is_a_usage_whose_cost_is_not_known(stage) -> None:
    stage.provider.reply = NoAnswer(timed_out=True)
    stage.refusal(ProviderTimeout)
    outcome = stage.ledger.outcome
    assert (outcome.kind, outcome.usage_source, outcome.error_code) == ("usage", "none", "timeout")


def test_a_connection_lost_before_the_headers_is_never_tried_again(stage) -> None:
    stage.provider.reply = NoAnswer(timed_out=False)
    stage.refusal(ProviderFault)
    assert len(stage.provider.calls) == 1
    assert (stage.ledger.outcome.kind, stage.ledger.outcome.usage_source) == ("usage", "none")


def test_an_answer_cut_after_headers_with_counts_is_metered(stage) -> None:
    stage.provider.reply = Reply(200, COUNTS, b'{"outp', complete=False)
    stage.refusal(ProviderFault)
    outcome = stage.ledger.outcome
    assert (outcome.usage.input_tokens, outcome.usage_source) == (30, "header")
    assert outcome.error_code == "cut_body"


def test_an_answer_that_trickles_past_the_deadline_is_metered_and_told_as_a_timeout(stage) -> None:
    stage.provider.reply = Reply(200, COUNTS, b"", complete=False, timed_out=True)
    stage.refusal(ProviderTimeout)
    assert (stage.ledger.outcome.usage.output_tokens, stage.ledger.outcome.error_code) == (
        51,
        "timeout",
    )


def test_the_day_of_a_call_is_the_day_on_which_it_began(stage) -> None:
    stage.answer()
    assert [call.day for _, call, _ in stage.ledger.events] == ["2026-11-23", "2026-11-23"]


def test_an_end_is_recorded_even_if_the_gateway_itself_breaks(stage) -> None:
    stage.provider.reply = ZeroDivisionError()
    stage.refusal(AnswerLost)  # which no SDK repeats
    outcome = stage.ledger.outcome
    assert (stage.ledger.kinds, outcome.usage_source) == (["started", "usage"], "none")
    assert outcome.error_code == "gateway_fault"


def test_the_deadline_leaves_time_to_write_the_record(stage) -> None:
    stage.answer(seconds_left=20.0)
    assert stage.provider.calls[0][3] == 20.0 - SETTLE_SECONDS


def test_the_deadline_is_never_longer_than_the_setting(stage) -> None:
    stage.answer(seconds_left=900.0)
    assert stage.provider.calls[0][3] == 60


def test_time_that_the_ledger_took_is_not_the_providers() -> None:
    moments = iter([0.0, 0.0, 12.0, 12.0, 12.0])
    stage = Stage(clock=lambda: next(moments))
    stage.answer(seconds_left=20.0 + SETTLE_SECONDS)
    assert stage.provider.calls[0][3] == 8.0


def test_a_call_for_which_the_ledger_left_no_time_is_failed_and_never_sent() -> None:
    moments = iter([0.0, 0.0, 30.0])
    stage = Stage(clock=lambda: next(moments))
    stage.refusal(ProviderTimeout, seconds_left=20.0 + SETTLE_SECONDS)
    assert (stage.ledger.kinds, stage.provider.calls) == (["started", "failed"], [])


def test_a_call_for_which_no_time_is_left_is_not_made(stage) -> None:
    stage.refusal(ProviderTimeout, seconds_left=SETTLE_SECONDS)
    assert (stage.ledger.kinds, stage.provider.calls) == ([], [])


def test_the_time_of_an_endpoint_is_measured_by_our_own_clock() -> None:
    moments = iter([9.0, 9.0, 10.0, 12.4991])
    stage = Stage(clock=lambda: next(moments))
    stage.provider.reply = Reply(200, {"content-type": "application/json"}, b"[[0.1]]")
    stage.answer(model_id="chat")
    assert stage.ledger.outcome.usage.busy_ms == 2500


def test_usage_that_is_not_known_is_loud(stage, capsys, caplog) -> None:
    stage.provider.reply = Reply(200, {}, b'{"output":{}}')
    assert stage.answer().status == 200
    assert stage.ledger.outcome.usage_source == "none"
    assert '"UsageNotKnown":1' in capsys.readouterr().out
    assert caplog.messages[0].startswith("usage not known: ")

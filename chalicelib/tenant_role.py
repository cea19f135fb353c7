"""The role that calls models for tenants, assumed for each team: TENANT_ROLE_ARN.

Its sessions are named and tagged after their team, so CloudTrail and the invoice say whose a call
was, and a policy can tell teams apart (`aws:PrincipalTag/team_id`). Assumed by a role that was
assumed itself, a session lasts an hour at most (AWS IAM user guide, "Methods to assume a role").
"""

import logging
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from urllib.parse import urlencode

from chalicelib.signing import Credentials, CredentialsNotFound
from chalicelib.transport import STS, NoAnswer, NotSent, Reply, Transport

TAG: Final = "team_id"
SESSION: Final = timedelta(hours=1)
RENEWED_BEFORE_ITS_END: Final = timedelta(minutes=5)
"""How long STS may be away before a team whose session is kept notices it."""
TRIED_AGAIN_AFTER: Final = timedelta(seconds=30)
KEPT: Final = 1024
"""Of how many teams a process keeps sessions."""
ATTEMPTS: Final = 2
TIMEOUT: Final = 3.0
"""Seconds for each attempt."""

_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_FIELDS: Final = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
_CODE: Final = re.compile(rb"<Code>(\w{1,64})</Code>")
log = logging.getLogger("tollgate.tenant_role")


class Session(NamedTuple):
    credentials: Credentials
    ends: datetime
    renewed: datetime  # when that is to be tried


class TenantRole:
    """Gives each team's credentials. Thread-safe."""

    def __init__(
        self,
        transport: Transport,
        role_arn: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take a transport that signs with our own credentials: they assume the role."""
        self._transport = transport
        self._role_arn = role_arn
        self._now = now
        self._sessions: dict[str, Session] = {}
        self._writing = threading.Lock()

    def credentials(self, team_id: str) -> Credentials:
        """Return what signs a team's calls. Raises CredentialsNotFound."""
        session = self._sessions.get(team_id)
        if session is None or self._now() >= session.renewed:
            session = self._renewed(team_id, session)
            self._keep(team_id, session)
        return session.credentials

    def _renewed(self, team_id: str, session: Session | None) -> Session:
        """Begin a session; where that fails, the one before it is used up."""
        try:
            return self._begun(team_id)
        except CredentialsNotFound as refused:
            log.error("the tenants' role was not assumed for team %s: %s", team_id, refused)
            now = self._now()
            if session and now < session.ends:
                return session._replace(renewed=min(now + TRIED_AGAIN_AFTER, session.ends))
            raise

    def _begun(self, team_id: str) -> Session:
        body = urlencode(_assume_role(self._role_arn, team_id)).encode()
        why = ""
        for _ in range(ATTEMPTS):
            try:
                reply = self._transport.call(STS, "POST", "/", _FORM, body, timeout=TIMEOUT)
            except (NotSent, NoAnswer) as lost:
                why = type(lost).__name__
                continue
            if reply.complete and reply.status == 200:
                return _session(reply.body)
            why = _error_code(reply)
        raise CredentialsNotFound(why)

    def _keep(self, team_id: str, session: Session) -> None:
        with self._writing:
            self._sessions.pop(team_id, None)  # so that the oldest stays the first
            self._sessions[team_id] = session
            if len(self._sessions) > KEPT:
                del self._sessions[next(iter(self._sessions))]


def _assume_role(role_arn: str, team_id: str) -> dict[str, str | int]:
    return {
        "Action": "AssumeRole",
        "Version": "2011-06-15",
        "RoleArn": role_arn,
        "RoleSessionName": team_id,
        "DurationSeconds": SESSION.seconds,
        "Tags.member.1.Key": TAG,
        "Tags.member.1.Value": team_id,
    }


def _session(answer: bytes) -> Session:
    """Read what AssumeRole answers: XML, whose credentials have nothing to unescape.

    Without a parser, whose import costs more than the call.
    """
    found = [re.search(rf"<{name}>([^<]+)</{name}>".encode(), answer) for name in _FIELDS]
    try:
        key, secret, token, ends = (match[1].decode() for match in found if match)
        end = datetime.fromisoformat(ends)
    except ValueError as error:
        raise CredentialsNotFound("AnswerNotUnderstood") from error
    return Session(Credentials(key, secret, token), end, end - RENEWED_BEFORE_ITS_END)


def _error_code(reply: Reply) -> str:
    code = _CODE.search(reply.body)
    return code[1].decode() if code else f"Http{reply.status}"

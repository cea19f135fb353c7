"""The gateway as a tenant meets it: its URL, a key, and plain HTTP."""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

TIMEOUT_SECONDS: Final = 120
WAIT_SECONDS: Final = 20  # of one long poll
LOOKS: Final = 30


@dataclass(frozen=True, slots=True)
class Answer:
    status: int  # 0 where none came
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    request_ids: tuple[str, ...]  # of each request that was made for it

    @property
    def refusal(self) -> str:
        """What it says instead of answering, or nothing."""
        if 200 <= self.status < 300:
            return ""
        return f"{self.status} {self.body[:300].decode(errors='replace')}"


class Gateway:
    def __init__(self, url: str, key: str, ca: str | None = None) -> None:
        """Take the URL that routes hang under, with the API's stage, and a file of authorities."""
        self._url = url.rstrip("/")
        self._key = key
        self._tls = ssl.create_default_context(cafile=ca) if url.startswith("https:") else None

    def once(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST a payload, and read the whole answer, however it comes."""
        return self._asked("POST", path, body, headers)

    def twice(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST the same twice; answer as the first did if the second is a replay of it."""
        first, again = (self._asked("POST", path, body, headers) for _ in range(2))
        ids = first.request_ids + again.request_ids
        if first.refusal or again.refusal:
            refused = first if first.refusal else again
            return Answer(refused.status, refused.headers, refused.body, ids)
        if again.body != first.body or "idempotency-replayed" not in again.headers:
            return Answer(0, {}, b"the second request was not answered by the first's answer", ids)
        return Answer(first.status, first.headers, first.body, ids)

    def queued(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST a payload to be streamed for us; read what is kept of it until it has ended."""
        accepted = self._asked("POST", path, body, headers)
        if accepted.status != 202:
            return accepted
        request_id = json.loads(accepted.body)["request_id"]
        events: list[Any] = []
        after = 0
        for _ in range(LOOKS):
            asked = f"/responses/{request_id}?after={after}&wait={WAIT_SECONDS}"
            page = self._asked("GET", asked, None, {})
            if page.refusal:
                return Answer(page.status, page.headers, page.body, (request_id,))
            told = json.loads(page.body)
            events += told.get("events", [])
            after = told.get("next_after", after)
            if told["status"] not in ("queued", "running") and not told.get("more"):
                break
        whole = json.dumps({**told, "events": events}).encode()
        return Answer(200, page.headers, whole, (request_id,))

    def _asked(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        sent = {"Authorization": f"Bearer {self._key}", **headers}
        request = Request(self._url + path, body, sent, method=method)
        try:
            with urlopen(request, timeout=TIMEOUT_SECONDS, context=self._tls) as answer:
                return _read(answer)
        except HTTPError as refused:
            with refused:
                return _read(refused)
        except (URLError, OSError) as error:
            return Answer(0, {}, f"no answer: {error}".encode(), ())


def _read(answer: Any) -> Answer:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    named = headers.get("x-request-id")
    return Answer(answer.status, headers, answer.read(), (named,) if named else ())

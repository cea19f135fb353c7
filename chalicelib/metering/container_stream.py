"""What a SageMaker container's stream says of its counts: one line of it, the last that does.

It has the shape of a whole answer. OpenAI's last chunk has `usage` and no `choices`, if the request
asked for it (`stream_options.include_usage`); TGI's and LMI's last line has `details`. Sources:
OpenAI chat completions, `stream_options`; Hugging Face text-generation-inference, StreamDetails;
DJL Serving, "LMI handlers Inference API Schema".
"""

from chalicelib.catalog import Model
from chalicelib.metering import containers, text
from chalicelib.metering.assembly import Assembled
from chalicelib.metering.exchange import at, certain
from chalicelib.metering.metered import Metered
from chalicelib.metering.usage import NO_USAGE, Usage
from chalicelib.stream_event import StreamEvent

# Where a chunk has no counts, its `usage` and `details` are null. Text that a model wrote cannot
# pass for these: within a JSON string the quotes are escaped.
_IN_DETAILS, _IN_USAGE = b'"generated_tokens"', b'"prompt_tokens"'


class LineAssembly:
    """The last line with counts is the answer. Some servers count in every line as they go on."""

    def __init__(self, model: Model) -> None:
        self._container = model.container
        self._line: object = None
        self._progress = NO_USAGE

    def add(self, event: StreamEvent) -> None:
        data = event.data
        if _IN_USAGE in data or _IN_DETAILS in data:
            line = certain(event.json)
            if containers.reports(line):
                self._line = line
                self._progress = containers.meter(self._container, self._answer(True), 0).usage

    @property
    def progress(self) -> Usage:
        return self._progress

    def whole(self, complete: bool) -> Assembled | None:
        """A container that said nothing is not partly known: its time is."""
        if self._line is None or _is_last(self._line):
            return self._answer(complete)
        return None

    def served(self, metered: Metered) -> Metered:
        return metered

    def _answer(self, complete: bool) -> Assembled:
        return Assembled(b"", {}, b"", complete, answer=self._line)


def _is_last(line: object) -> bool:
    return at(line, "usage") is None or text.ends_choices(line)

"""What a call can be, of which both sides have told what they know.

metered   the gateway counted what the provider counted, and the dollars are the same; a job that
          ended is metered by its settlement
derived   counted from the request, as all that can be known is; the provider counted more
deferred  an asynchronous job was started: nothing is counted before it ends
look_up   an operation that AWS bills nothing for: tokens counted, jobs looked up
clock     a container reported nothing: compared by request id, its time is the gateway's own
refused   the provider refused, and bills nothing
not_sent  the gateway recorded that nothing was sent, and the provider never saw it
partial   a stream that was cut, or lost with its process, perhaps before it was sent: what had been
          reported by then, at most what the provider counts
unknown   cut, timed out or with unusable counts on the provider's side too
orphaned  it began and left no end record
missing   the provider knows of it and the gateway does not: always a mismatch
"""

from typing import Literal

Kind = Literal[
    "metered",
    "derived",
    "clock",
    "deferred",
    "look_up",
    "refused",
    "not_sent",
    "partial",
    "unknown",
    "orphaned",
    "missing",
]

"""`make stream-faults`: every stream comes to its end, and is billed once, whatever breaks.

Some hundred streams, live and queued, each of a team of its own, meet one fault each at a random
place: processes are killed, AWS refuses or goes unheard, providers cut streams, clients leave and
ask again. Then what is left is swept until nothing is, and both ledgers are laid side by side.
"""

from local.stream_faults.run import main

__all__ = ["main"]

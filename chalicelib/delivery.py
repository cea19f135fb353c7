"""How the answer of this invocation is delivered. The runtime loop says so; surfaces ask.

A module of its own: Lambda's own loop does not import ours, which costs a cold start.
"""

streaming = False
"""Whether it is streamed: then, and only then, may a body be an iterator.

One for the process, which serves one invocation at a time.
"""

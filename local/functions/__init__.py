"""AWS Lambda on one machine: real processes, which run the real runtime loop over a Runtime API.

An invocation is answered by a process that is started when none is idle (a cold start), kept and
used again, stopped (SIGSTOP) while it has nothing to do, and killed at its function's time-out.
"""

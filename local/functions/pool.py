"""The processes of one function: idle ones are used again, more are started up to a limit."""

from threading import Condition

from local.functions.environment import Deployed, Environment


class Pool:
    """Lends environments. Whoever comes when all are lent waits, where Lambda would throttle."""

    def __init__(self, deployed: Deployed, limit: int, group: int, log: int) -> None:
        """Take how many may run, and their process group and log."""
        self.deployed = deployed
        self._limit = limit
        self._group = group
        self._log = log
        self._changed = Condition()
        self._idle: list[Environment] = []
        self._running = 0

    def take(self) -> Environment:
        """Return one that waits for an event: the last used, or a new one. Raises FunctionError."""
        return self._rested() or self._started()

    def give_back(self, environment: Environment) -> None:
        """Keep it for another invocation, if it waits for one; end it otherwise."""
        kept = environment.idle and environment.alive
        if not kept:
            environment.close()
        with self._changed:
            if kept:
                self._idle.append(environment)
            else:
                self._running -= 1
            self._changed.notify()

    def close(self) -> None:
        """End those that are idle."""
        with self._changed:
            while self._idle:
                self._idle.pop().close()

    def _rested(self) -> Environment | None:
        """Return one that is idle, or reserve room for another."""
        with self._changed:
            self._changed.wait_for(lambda: self._idle or self._running < self._limit)
            while self._idle:
                environment = self._idle.pop()
                if environment.alive:
                    return environment
                environment.close()
                self._running -= 1
            self._running += 1
            return None

    def _started(self) -> Environment:
        environment = Environment(self.deployed, self._group, self._log)
        try:
            environment.get_ready()
        except BaseException:
            self.give_back(environment)
            raise
        return environment

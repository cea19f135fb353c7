"""What a stage's `network` may say: refused before anything is made, not half-way."""

from collections.abc import Iterator, Mapping
from typing import Final

from ops.deploy import stack_state
from ops.deploy.account import Account
from ops.deploy.stage import Stage
from ops.deploy.templates.network_parameters import PARAMETERS

WHERE: Final = ("VpcId", "CidrBlock", "FirstZone", "SecondZone")
"""Parameters that say where a network is: another value would replace what functions run in."""
NEEDED: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("VpcId", ""): ("SubnetIds", "RouteTableIds"),
    ("Endpoints", "given"): ("VpcId", "EndpointSecurityGroupId"),
}
"""What has to be told with a parameter that has a value (empty: any)."""

Told = Mapping[str, str]


def problems(stage: Stage, account: Account) -> Iterator[str]:
    """Say what of the options is unknown, is missing, or would move a network that is there."""
    told = stage.options.network
    if told is None:
        return
    if unknown := sorted(told.keys() - PARAMETERS.keys()):
        yield f"config.json: `network` has no {unknown[0]!r}, only {', '.join(PARAMETERS)}"
    yield from _missing(told)
    yield from _moved(stage, account, told)


def _missing(told: Told) -> Iterator[str]:
    for (name, value), needed in NEEDED.items():
        is_so = told.get(name) == value if value else told.get(name)
        for other in needed if is_so else ():
            if not told.get(other):
                yield f"config.json: with `{name}`, `network` is to name `{other}`, too"


def _moved(stage: Stage, account: Account, told: Told) -> Iterator[str]:
    name = stage.stack("network")
    found = stack_state.made(account.client("cloudformation"), name)
    if not found:
        return
    defaults = {"VpcId": "", "CidrBlock": PARAMETERS["CidrBlock"]["Default"]}
    wanted, now = {**defaults, **told}, stack_state.parameters(found)
    for each in WHERE:
        if each in wanted and wanted[each] != now.get(each, ""):
            yield (
                f"the stack {name} has {each} {now.get(each, '')!r}, and config.json says"
                f" {wanted[each]!r}: deploy once without `network`, which leaves it, and then so"
            )

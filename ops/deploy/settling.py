"""A stack that an earlier operation left half-way, brought to where it can be made or updated."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ops.deploy import leftovers, stack_state, stack_waits
from ops.deploy.stack_state import Course
from ops.deploy.stacks import Stack

Client = Any


def outlook(cloudformation: Client, name: str) -> str:
    """Say for a plan what `settle` would do; nothing where there is nothing to do."""
    course = stack_state.course(cloudformation, name)
    if course not in _STEPS:
        return ""
    return f" (it is {stack_state.status(cloudformation, name)}, and {course.value})"


def settle(cloudformation: Client, stack: Stack) -> None:
    """Do what its state asks for, if anything. Raises Refused where that fails."""
    if step := _STEPS.get(stack_state.course(cloudformation, stack.name)):
        step(cloudformation, stack)


def _clear(cloudformation: Client, stack: Stack) -> None:
    """Delete a stack that holds its name until then.

    What could not be deleted is left, if the next import takes it up: a bucket that is not empty.
    """
    kept = {}
    if stack_state.status(cloudformation, stack.name) == "DELETE_FAILED":
        states = stack_state.resources(cloudformation, stack.name)
        stuck = [
            n for n in leftovers.importable(stack.template) if states.get(n) == "DELETE_FAILED"
        ]
        kept = {"RetainResources": stuck} if stuck else {}
    cloudformation.delete_stack(StackName=stack.name, **kept)
    stack_waits.wait(cloudformation, "stack_delete_complete", stack.name)


def _roll_back(cloudformation: Client, stack: Stack) -> None:
    """Undo an update that was stopped where it failed."""
    cloudformation.rollback_stack(StackName=stack.name)
    stack_waits.wait(cloudformation, "stack_rollback_complete", stack.name)


def _continue(cloudformation: Client, stack: Stack) -> None:
    """Undo the rest of an update. Nothing is skipped: that is for its operator to say."""
    cloudformation.continue_update_rollback(StackName=stack.name)
    todo = (
        "; mend that and repeat this, or have it skipped: aws cloudformation"
        f" continue-update-rollback --stack-name {stack.name} --resources-to-skip …"
    )
    stack_waits.wait(cloudformation, "stack_rollback_complete", stack.name, todo)


_STEPS: Final[Mapping[Course, Callable[[Client, Stack], None]]] = {
    Course.CLEAR: _clear,
    Course.ROLL_BACK: _roll_back,
    Course.CONTINUE: _continue,
}

"""How long customers waited: for a first answer, an answer, a resolution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from freshchat_sandbox.desk.lives import AGENT, AGENT_ASSIGNED, NORMAL, RESOLVED, USER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from freshchat_sandbox.desk.lives import Life, Moment


def first_responses(life: Life) -> Iterator[tuple[Moment, int]]:
    """Yield each interaction's first answer, with milliseconds since the assignment."""
    since: int | None = None
    assigned = False
    period = -1
    for moment in life.moments:
        if moment.interaction != period:
            period, since = moment.interaction, moment.interaction
            assigned = False
        if moment.kind == AGENT_ASSIGNED and not assigned:
            since, assigned = moment.at, True
        if since is not None and _is_reply(moment):
            yield moment, moment.at - since
            since = None


def responses(life: Life) -> Iterator[tuple[Moment, int]]:
    """Yield each answer, with milliseconds since the customer began to wait."""
    asked: int | None = None
    for moment in life.moments:
        if asked is not None and _is_reply(moment):
            yield moment, moment.at - asked
            asked = None
        elif asked is None and moment.actor_type == USER and moment.message_type == NORMAL:
            asked = moment.at


def resolutions(life: Life) -> Iterator[tuple[Moment, int]]:
    """Yield each resolution, with milliseconds since the interaction began."""
    for moment in life.moments:
        if moment.kind == RESOLVED:
            yield moment, moment.at - moment.interaction


def _is_reply(moment: Moment) -> bool:
    """Tell whether it is an agent's answer; the survey after a resolution is none."""
    return (
        moment.actor_type == AGENT
        and moment.message_type == NORMAL
        and moment.state.status != RESOLVED
    )

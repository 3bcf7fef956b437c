"""Status changes of agents, each with the agent's change before it."""

from datetime import timedelta

import pytest
from fakes.clock import NOON
from hypothesis import given
from hypothesis import strategies as st

from tap_freshchat.activity.agent_status import AgentStatusChange
from tap_freshchat.lookups.agent_changes import AgentChanges
from tap_freshchat.windows import Window, plan_windows

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def change(agent, time, report="Agent-Activity"):
    return AgentStatusChange(
        report=report, time=time, agent_id=agent, agent_email=None, status="away"
    )


class Log:
    """Changes in memory, as the log on disk gives them."""

    def __init__(self, changes):
        self._changes = sorted(changes, key=lambda each: each.time)

    def reported_in(self, window):
        return (each for each in self._changes if window.start <= each.time < window.end)

    def of_keys(self, keys, window):
        return {key: [each for each in self.reported_in(window) if each.key == key] for key in keys}


# At most one change of an agent an hour, over twelve days.
PLACES = st.sets(st.tuples(st.sampled_from("abcde"), st.integers(0, 12 * 24 - 1)), max_size=60)


@given(places=PLACES, max_agents=st.integers(1, 4))
def test_agents_that_do_not_fit_in_memory_have_the_same_change_before(places, max_agents):
    start = NOON - 12 * DAY
    log = Log(change(agent, start + hours * HOUR) for agent, hours in places)
    windows = plan_windows(NOON - 5 * DAY, NOON, DAY)

    def read(reader):
        return [pair for window in windows for pair in reader.changes(window)]

    assert read(AgentChanges(log, max_agents)) == read(AgentChanges(log))


@pytest.mark.parametrize("max_agents", [1, 9])
def test_a_change_more_than_a_week_ago_is_none(max_agents):
    log = Log([change("a", NOON - 9 * DAY), change("b", NOON - 2 * HOUR), change("a", NOON - HOUR)])
    pairs = AgentChanges(log, max_agents).changes(Window(NOON - 3 * HOUR, NOON))
    assert [before for _, before in pairs] == [None, None]

"""Checks of what is read via REST: lists, users, conversations and metrics."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tap_freshchat.activity.message_types import type_from_text
from tap_freshchat.api import pagination, responses
from tap_freshchat.api.client import build_path
from tap_freshchat.doctor.findings import NOTE, OK, PROBLEM, Findings, Setting
from tap_freshchat.doctor.token_check import raise_if_token_is_wrong
from tap_freshchat.enumerations import ACTOR_TYPE
from tap_freshchat.errors import FreshchatError
from tap_freshchat.lookups.changed_users import changed_at
from tap_freshchat.lookups.customers import PLACEHOLDERS, CustomerLookup
from tap_freshchat.lookups.directory import CONFIGURATION, LISTS
from tap_freshchat.metric_records import Metric, historical_records
from tap_freshchat.times import format_request_time, parse_time_or_none

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import datetime

    from tap_freshchat.run_context import RunContext
    from tap_freshchat.windows import Window

# Conversations that are tried until one can be read, and users whose messages are looked at.
_MAX_CONVERSATIONS = 3
_MAX_USERS = 12
# A user's record that changes this long after their message counts as changed by it.
_UPDATE_DELAY = timedelta(minutes=5)
_ACCOUNT = "account"
_RECENT = timedelta(days=7)
# Relative difference of two counts that late rows, and what Freshchat counts, explain.
_COUNT_TOLERANCE = 0.1
# So many counted interactions are not explained by late rows.
_MANY = 10


@dataclass
class AccountChecks:
    """Checks of the look-ups of one account."""

    run: RunContext
    findings: Findings
    # Whether the messages of a conversation can be read, and have a type.
    shows_types: bool = field(default=False, init=False)

    def check_lists(self) -> None:
        """Check the account's configuration and its lists."""
        readable = [text for name in (_ACCOUNT, *LISTS) if (text := self._check_list(name))]
        text = f"{', '.join(readable).replace('_', ' ')}." if readable else "none can be read."
        self.findings.add("lists", OK if readable else NOTE, text)

    def _check_list(self, name: str) -> str | None:
        """The name and length of a list; None, with a finding, if it cannot be read."""
        try:
            if name == _ACCOUNT:
                self.run.client.get(CONFIGURATION)
                return name
            return f"{len(self.run.directory.items(name))} {name}"
        except FreshchatError as error:
            raise_if_token_is_wrong(self.run, error)
            text = f"cannot be read, so events lack its details. {error}"
            self.findings.add(name.replace("_", " "), NOTE, text)
            return None

    def agent_zones(self) -> Iterator[str]:
        """The zones of agents, the most frequent first."""
        try:
            agents = self.run.directory.items("agents").values()
        except FreshchatError:
            return
        zones = [str(agent.get("timezone") or "") for agent in agents]
        yield from sorted({*zones} - {""}, key=lambda zone: (-zones.count(zone), zone))

    def check_conversation(
        self, conversations: Mapping[str, Mapping[str, datetime]]
    ) -> list[timedelta]:
        """Check whether a conversation can be read with its messages.

        `conversations` has the times of messages by id, by conversation, from the
        transcript. Returns how much those differ from the times of the same messages in REST.
        """
        error: FreshchatError | None = None
        for conversation in list(conversations)[:_MAX_CONVERSATIONS]:
            path = build_path("conversations", conversation)
            try:
                responses.require_object(self.run.client.get(path), path)
                listed = self._messages(conversation)
            except FreshchatError as failed:
                raise_if_token_is_wrong(self.run, failed)
                error = failed
                continue
            self.findings.add("conversations", OK, "a conversation and its messages can be read.")
            self.shows_types = any(map(_has_type, listed))
            times = conversations[conversation]
            return [
                times[message["id"]] - time
                for message in listed
                if message["id"] in times
                and (time := parse_time_or_none(message.get("created_time")))
            ]
        if error:
            text = f"cannot be read, so events lack the details of conversations. {error}"
            self.findings.add("conversations", NOTE, text)
        return []

    def _messages(self, conversation: str) -> list[dict[str, Any]]:
        """The newest messages of a conversation."""
        path = build_path("conversations", conversation, "messages")
        query = {"page": 1, "items_per_page": self.run.client.page_size}
        response = responses.require_object(self.run.client.get(path, query), path)
        return responses.require_object_list(response.get("messages") or [], path, "messages")

    def check_users(self, user_ids: Collection[str]) -> None:
        """Check the look-up of users, of recent ones if no id is known."""
        lookup = CustomerLookup(self.run.client, self.run.enrichment)
        try:
            ids = {*user_ids} - {""} or {str(user["id"]) for user in self._recent_users()}
            users = lookup.get(ids)
        except FreshchatError as error:
            raise_if_token_is_wrong(self.run, error)
            text = f"cannot be looked up, so that nobody would be identified. {error}"
            self.findings.add("users", PROBLEM, text)
            return
        self._add_identity(users.values(), lookup.missing)

    def _recent_users(self) -> list[dict[str, Any]]:
        """Users who changed recently: one page."""
        now = self.run.time_range.now
        query = {
            "updated_from": format_request_time(now - _RECENT),
            "updated_to": format_request_time(now),
            "sort_order": "asc",
            "page": 1,
            "items_per_page": self.run.client.page_size,
        }
        response = responses.require_object(self.run.client.get("/users", query), "/users")
        return responses.require_object_list(response.get("users") or [], "/users", "users")

    def _add_identity(self, users: Iterable[Mapping[str, Any]], missing: int) -> None:
        listed = list(users)
        known = sum(bool(user.get("reference_id")) for user in listed)
        text = f"{known} of {len(listed)} recent users have a reference_id"
        text += f"; {missing} no longer exist." if missing else "."
        if placeholders := self.run.set_aside.counts[PLACEHOLDERS]:
            text += f" {placeholders} have a placeholder such as undefined or 0, which is left out."
        self.findings.add("users", OK if known or not listed else NOTE, text)

    def check_rest_source(self) -> None:
        """Check whether REST, as the source of events, shows every user who wrote."""
        topic = "REST as source"
        try:
            checked = list(self._until_unmoved(self._recent_users()[:_MAX_USERS]))
        except FreshchatError as error:
            raise_if_token_is_wrong(self.run, error)
            self.findings.add(topic, PROBLEM, f"users cannot be listed. {error}")
            return
        if self.run.config.user_scope == "all":
            self.findings.add(topic, OK, "all users are read (user_scope), which misses nobody.")
        elif all(checked):
            text = f"the records of {len(checked)} users changed with their messages."
            self.findings.add(topic, OK if checked else NOTE, text)
        else:
            self.findings.add(
                topic,
                PROBLEM,
                "users write without a change of their records, which user_scope updated misses.",
                Setting("user_scope", "all", "a message does not change the record of its user"),
            )

    def _until_unmoved(self, users: Iterable[Mapping[str, Any]]) -> Iterator[bool]:
        """Whether the record of each user changed with their messages, up to one that did not."""
        for user in users:
            if (moves := self._moves(user)) is not None:
                yield moves
                if not moves:
                    return

    def _moves(self, user: Mapping[str, Any]) -> bool | None:
        """Whether a user's record changed with their latest message; None without a message."""
        changed = changed_at(dict(user))
        conversations = pagination.user_conversations(self.run.client, str(user["id"])) or []
        latest: datetime | None = None
        for conversation in conversations[-1:]:
            for message in self._messages(str(conversation["id"])):
                time = parse_time_or_none(message.get("created_time"))
                if time and ACTOR_TYPE.find(message.get("actor_type")) == "user":
                    latest = max(time, latest or time)
        if latest is None or changed is None:
            return None
        return changed >= latest - _UPDATE_DELAY

    def compare_count(self, name: str, found: int, what: str, day: Window) -> None:
        """Compare a number of interactions of a day with Freshchat's own figure."""
        query = {
            "start": format_request_time(day.start),
            "end": format_request_time(day.end),
            "interval": "1d",
        }
        metric = Metric.parse(f"conversation_metrics.{name}")
        topic = f"{what} yesterday"
        try:
            response = self.run.client.get("/metrics/historical", {**query, **metric.query})
            response = responses.require_object(response, "/metrics/historical")
            records = list(historical_records(metric, response, interval="1d"))
        except (FreshchatError, ValueError) as error:
            if isinstance(error, FreshchatError):
                raise_if_token_is_wrong(self.run, error)
            text = f"{found} in the reports; Freshchat gives no {metric.name} to compare with."
            self.findings.add(topic, NOTE, text)
            return
        counted = round(sum(record["value"] or 0 for record in records))
        text = f"{found} in the reports, {counted} by {metric.name}."
        # More are no sign of missing events: reports also have assignments of earlier interactions.
        close = counted - found <= max(2, _COUNT_TOLERANCE * counted)
        empty = not found and counted >= _MANY
        self.findings.add(topic, PROBLEM if empty else OK if close else NOTE, text)


def _has_type(message: Mapping[str, Any]) -> bool:
    return type_from_text(message.get("message_type")) is not None

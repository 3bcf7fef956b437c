"""Routes of the API under `/v2`: a handler for each method and path."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote

from freshchat_sandbox.account.conversation_events import MESSAGE
from freshchat_sandbox.account.rng import SeededRandom
from freshchat_sandbox.account.staff import AGENTS, CHANNELS, GROUPS, ROLES, STATUSES
from freshchat_sandbox.account.timestamps import MINUTE
from freshchat_sandbox.http_messages import ApiError, Response
from freshchat_sandbox.reports.jobs import ReportJobs
from freshchat_sandbox.views import conversations as conversation_views
from freshchat_sandbox.views import directory as directory_views
from freshchat_sandbox.views import metrics, outbound
from freshchat_sandbox.views.metrics import time_parameter
from freshchat_sandbox.views.pagination import Page
from freshchat_sandbox.views.user_search import find_users

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from freshchat_sandbox.account.account import SandboxAccount
    from freshchat_sandbox.account.conversation_events import ConversationTimeline
    from freshchat_sandbox.http_messages import Request

    Handler = Callable[[Request, int, str], Response]

T = TypeVar("T")

MAX_FETCH_IDS = 100  # as peers observe: ids in one POST /users/fetch


class Routes:
    """Routes of one account; each response shows the account at a given time."""

    def __init__(self, account: SandboxAccount, max_buffered_bytes: int) -> None:
        self._account = account
        self.reports = ReportJobs(account, max_buffered_bytes)
        table: tuple[tuple[str, str, Handler], ...] = (
            ("GET", "/accounts/configuration", self._account_configuration),
            ("GET", "/agents", self._agents),
            ("GET", "/agents/status", self._statuses),
            ("GET", "/agents/{id}", self._agent),
            ("GET", "/users", self._users),
            ("POST", "/users/fetch", self._fetch_users),
            ("GET", "/users/{id}", self._user),
            ("GET", "/users/{id}/conversations", self._user_conversations),
            ("GET", "/conversations/fields", self._fields),
            ("GET", "/conversations/{id}", self._conversation),
            ("GET", "/conversations/{id}/messages", self._messages),
            ("GET", "/groups", self._groups),
            ("GET", "/channels", self._channels),
            ("GET", "/roles", self._roles),
            ("GET", "/metrics/historical", self._historical),
            ("GET", "/metrics/instant", self._instant),
            ("GET", "/outbound-messages", self._outbound),
            ("POST", "/reports/raw", self._submit),
            ("GET", "/reports/raw/{id}", self._report),
        )
        self._table = [
            (method, re.compile("/v2" + path.replace("{id}", "([^/]+)") + "/?"), handler)
            for method, path, handler in table
        ]

    def handle(self, request: Request, now: int) -> Response:
        """Return the response to an API call.

        Raises:
            ApiError: The API rejects the call.
        """
        path_exists = False
        for method, pattern, handler in self._table:
            found = pattern.fullmatch(request.path)
            if found and method == request.method:
                return handler(request, now, unquote(found.group(1)) if found.groups() else "")
            path_exists = path_exists or found is not None
        if path_exists:
            raise ApiError(405, "METHOD_NOT_ALLOWED", f"{request.method} is not allowed here")
        raise ApiError(404, "NOT_FOUND", f"There is nothing at {request.path}")

    # People

    def _agents(self, request: Request, now: int, _: str) -> Response:
        account = self._account
        records = [
            directory_views.agent(account, index, now)
            for index in range(len(AGENTS))
            if directory_views.agent_exists(account, index, now)
        ]
        group = request.parameter("groups")
        deactivated = request.parameter("is_deactivated")
        availability = request.parameter("availability_status")
        fitting = [
            agent
            for agent in records
            if (group is None or group in agent["groups"])
            and (deactivated is None or agent["is_deactivated"] == (deactivated == "true"))
            and (availability is None or agent["availability_status"].upper() == availability)
        ]
        return _list_response(request, now, "agents", fitting, self._page(request))

    def _statuses(self, *_: object) -> Response:
        states = [directory_views.status_of(self._account, index) for index in range(len(STATUSES))]
        key = self._account.readings.agent_statuses_key
        return Response.of_json(200, states if key == "none" else {key: states})

    def _agent(self, _: Request, now: int, agent_id: str) -> Response:
        account = self._account
        index = account.agent_ids.index(agent_id) if agent_id in account.agent_ids else None
        if index is None or not directory_views.agent_exists(account, index, now):
            raise ApiError(404, "AGENT_NOT_FOUND", "There is no such agent")
        return Response.of_json(200, directory_views.agent(account, index, now))

    def _users(self, request: Request, now: int, _: str) -> Response:
        page = self._page(request)
        found = _ordered(
            request, now, find_users(self._account, request, now), key=lambda one: one.created
        )
        records = [directory_views.user(self._account, one, now) for one in page.cut_capped(found)]
        return Response.of_json(200, page.collection("users", "user", found, records))

    def _fetch_users(self, request: Request, now: int, _: str) -> Response:
        ids = _parse_ids(request.body)
        customers = (self._account.find_customer(one) for one in dict.fromkeys(ids))
        found = [one for one in customers if one is not None and one.exists(now)]
        return Response.of_json(
            200, {"users": [directory_views.user(self._account, one, now) for one in found]}
        )

    def _user(self, request: Request, now: int, user_id: str) -> Response:
        account = self._account
        if request.parameter("system_user") == "true" and user_id in account.system_user_ids:
            index = account.system_user_ids.index(user_id)
            return Response.of_json(200, directory_views.system_user(account, index))
        customer = account.find_customer(user_id)
        if customer is None or not customer.exists(now):
            raise ApiError(404, "USER_NOT_FOUND", "There is no such user")
        return Response.of_json(200, directory_views.user(account, customer, now))

    def _user_conversations(self, _: Request, now: int, user_id: str) -> Response:
        account = self._account
        customer = account.find_customer(user_id)
        if customer is None or not customer.exists(now):
            raise ApiError(404, "USER_NOT_FOUND", "There is no such user")
        keys = list(account.customers.conversations_of(customer.key))
        duplicate = account.customers.duplicate_listing_for(customer.key)
        if duplicate is not None:
            keys.append(duplicate)
        started = [key for key in keys if account.started_at(key) <= now]
        records = [{"id": account.conversation_id(key)} for key in started]
        return Response.of_json(200, {"conversations": records})

    # Conversations

    def _fields(self, *_: object) -> Response:
        return Response.of_json(200, directory_views.conversation_fields(self._account))

    def _conversation(self, _: Request, now: int, conversation_id: str) -> Response:
        timeline = self._find_conversation(conversation_id, now)
        return Response.of_json(200, conversation_views.conversation(self._account, timeline, now))

    def _messages(self, request: Request, now: int, conversation_id: str) -> Response:
        timeline = self._find_conversation(conversation_id, now)
        page = self._page(request)
        since = time_parameter(request, "from_time") or 0
        messages = [one for one in timeline.until(now) if one.kind == MESSAGE and one.at >= since]
        if self._account.readings.message_order == "newest":
            messages.reverse()
        cut = page.cut(messages)
        records = [conversation_views.message(self._account, timeline, one) for one in cut]
        return Response.of_json(200, page.chain("messages", messages, records))

    def _find_conversation(self, conversation_id: str, now: int) -> ConversationTimeline:
        timeline = self._account.find_conversation(conversation_id)
        if timeline is None or timeline.started_at > now:
            raise ApiError(404, "CONVERSATION_NOT_FOUND", "There is no such conversation")
        return timeline

    # Configuration

    def _account_configuration(self, *_: object) -> Response:
        return Response.of_json(200, directory_views.account_configuration(self._account))

    def _groups(self, request: Request, now: int, _: str) -> Response:
        records = [directory_views.group(self._account, index, now) for index in range(len(GROUPS))]
        return _list_response(request, now, "groups", records, self._page(request))

    def _channels(self, request: Request, now: int, _: str) -> Response:
        records = [directory_views.channel(self._account, index) for index in range(len(CHANNELS))]
        page = Page.of_any_size(request, self._account.readings)
        return _list_response(request, now, "channels", records, page)

    def _roles(self, request: Request, now: int, _: str) -> Response:
        records = [directory_views.role(self._account, index) for index in range(len(ROLES))]
        return _list_response(request, now, "roles", records, self._page(request))

    def _page(self, request: Request) -> Page:
        return Page(request, self._account.readings)

    # Metrics and reports

    def _historical(self, request: Request, now: int, _: str) -> Response:
        return Response.of_json(200, metrics.historical(self._account, request, now))

    def _instant(self, request: Request, now: int, _: str) -> Response:
        return Response.of_json(200, metrics.instant(self._account, request, now))

    def _outbound(self, request: Request, now: int, _: str) -> Response:
        found = outbound.outbound_messages(self._account, request, now)
        return Response.of_json(200, {"outbound_messages": found})

    def _submit(self, request: Request, now: int, _: str) -> Response:
        return self.reports.submit(request.body, request.host, now)

    def _report(self, request: Request, now: int, job_id: str) -> Response:
        return Response.of_json(200, self.reports.status(job_id, request.host, now))


def _list_response(
    request: Request, now: int, key: str, items: list[dict[str, Any]], page: Page
) -> Response:
    name = request.parameter("sort_by") or "created_time"
    items = _ordered(request, now, items, key=lambda item: str(item.get(name, "")))
    return Response.of_json(
        200, page.collection(key, key.removesuffix("s"), items, list(page.cut(items)))
    )


def _ordered(request: Request, now: int, items: Sequence[T], key: Callable[[T], Any]) -> list[T]:
    """Sort as requested; without `sort_order`, the order changes every minute."""
    order = request.parameter("sort_order")
    if order not in (None, "asc", "desc"):
        raise ApiError(400, "INVALID_VALUE", "sort_order must be asc or desc")
    if order is None:
        rng = SeededRandom("order", now // MINUTE)
        return sorted(items, key=lambda _: rng.random())
    return sorted(items, key=key, reverse=order == "desc")


def _parse_ids(body: bytes) -> list[str]:
    try:
        content = json.loads(body)
    except ValueError:
        raise ApiError(400, "INVALID_VALUE", "The body is not JSON") from None
    ids = content.get("ids") if isinstance(content, dict) else None
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise ApiError(400, "INVALID_VALUE", "ids must be a list of ids")
    if len(ids) > MAX_FETCH_IDS:
        raise ApiError(400, "INVALID_VALUE", f"At most {MAX_FETCH_IDS} ids at a time")
    return ids

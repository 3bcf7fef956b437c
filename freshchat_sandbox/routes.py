"""The HTTP surface under `/v2`: which path is answered by what."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote

from freshchat_sandbox.desk.dice import Dice
from freshchat_sandbox.desk.instants import MINUTE
from freshchat_sandbox.desk.lives import MESSAGE
from freshchat_sandbox.desk.staff import AGENTS, CHANNELS, GROUPS, ROLES, STATUSES
from freshchat_sandbox.exchange import ApiError, Response
from freshchat_sandbox.reports.jobs import Reports
from freshchat_sandbox.views import conversations as conversation_views
from freshchat_sandbox.views import metrics
from freshchat_sandbox.views import people as people_views
from freshchat_sandbox.views.metrics import instant_parameter
from freshchat_sandbox.views.paging import Page
from freshchat_sandbox.views.user_search import find_users

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from freshchat_sandbox.desk.desk import Desk
    from freshchat_sandbox.desk.lives import Life
    from freshchat_sandbox.exchange import Request

    Answer = Callable[[Request, int, str], Response]

T = TypeVar("T")

FETCHED_AT_ONCE = 100  # as peers observe: ids in one POST /users/fetch


class Routes:
    """Answers calls of the API about one desk, as of a given moment."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.reports = Reports(desk)
        table: tuple[tuple[str, str, Answer], ...] = (
            ("GET", "/accounts/configuration", self._account),
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
            (method, re.compile("/v2" + path.replace("{id}", "([^/]+)") + "/?"), answer)
            for method, path, answer in table
        ]

    def answer(self, request: Request, now: int) -> Response:
        """Answer a call.

        Raises:
            ApiError: What the service refuses it with.
        """
        known = False
        for method, pattern, answer in self._table:
            found = pattern.fullmatch(request.path)
            if found and method == request.method:
                return answer(request, now, unquote(found.group(1)) if found.groups() else "")
            known = known or found is not None
        if known:
            raise ApiError(405, "METHOD_NOT_ALLOWED", f"{request.method} is not possible here")
        raise ApiError(404, "NOT_FOUND", f"There is nothing at {request.path}")

    # People

    def _agents(self, request: Request, now: int, _: str) -> Response:
        desk = self._desk
        shown = [
            people_views.agent(desk, index, now)
            for index in range(len(AGENTS))
            if people_views.agent_exists(desk, index, now)
        ]
        group = request.parameter("groups")
        deactivated = request.parameter("is_deactivated")
        availability = request.parameter("availability_status")
        fitting = [
            agent
            for agent in shown
            if (group is None or group in agent["groups"])
            and (deactivated is None or agent["is_deactivated"] == (deactivated == "true"))
            and (availability is None or agent["availability_status"] == availability)
        ]
        return _listed(request, now, "agents", fitting)

    def _statuses(self, *_: object) -> Response:
        states = [people_views.status_of(self._desk, index) for index in range(len(STATUSES))]
        return Response.of_json(200, {"states": states})

    def _agent(self, _: Request, now: int, agent_id: str) -> Response:
        desk = self._desk
        index = desk.agent_ids.index(agent_id) if agent_id in desk.agent_ids else None
        if index is None or not people_views.agent_exists(desk, index, now):
            raise ApiError(404, "AGENT_NOT_FOUND", "There is no such agent")
        return Response.of_json(200, people_views.agent(desk, index, now))

    def _users(self, request: Request, now: int, _: str) -> Response:
        page = Page(request)
        found = _ordered(
            request, now, find_users(self._desk, request, now), key=lambda one: one.created
        )
        shown = [people_views.user(self._desk, one, now) for one in page.cut(found)]
        return Response.of_json(200, page.collection("users", "user", found, shown))

    def _fetch_users(self, request: Request, now: int, _: str) -> Response:
        ids = _ids_in(request.body)
        customers = (self._desk.find_customer(one) for one in dict.fromkeys(ids))
        found = [one for one in customers if one is not None and one.exists(now)]
        return Response.of_json(
            200, {"users": [people_views.user(self._desk, one, now) for one in found]}
        )

    def _user(self, request: Request, now: int, user_id: str) -> Response:
        desk = self._desk
        if request.parameter("system_user") == "true" and user_id in desk.system_user_ids:
            index = desk.system_user_ids.index(user_id)
            return Response.of_json(200, people_views.system_user(desk, index))
        customer = desk.find_customer(user_id)
        if customer is None or not customer.exists(now):
            raise ApiError(404, "USER_NOT_FOUND", "There is no such user")
        return Response.of_json(200, people_views.user(desk, customer, now))

    def _user_conversations(self, _: Request, now: int, user_id: str) -> Response:
        desk = self._desk
        customer = desk.find_customer(user_id)
        if customer is None or not customer.exists(now):
            raise ApiError(404, "USER_NOT_FOUND", "There is no such user")
        places = list(desk.customers.conversations_of(customer.place))
        foreign = desk.customers.also_listed_for(customer.place)
        if foreign is not None:
            places.append(foreign)
        begun = [place for place in places if desk.began(place) <= now]
        shown = [{"id": desk.conversation_id(place)} for place in begun]
        return Response.of_json(200, {"conversations": shown})

    # Conversations

    def _fields(self, *_: object) -> Response:
        return Response.of_json(200, people_views.conversation_fields(self._desk))

    def _conversation(self, _: Request, now: int, conversation_id: str) -> Response:
        life = self._life(conversation_id, now)
        return Response.of_json(200, conversation_views.conversation(self._desk, life, now))

    def _messages(self, request: Request, now: int, conversation_id: str) -> Response:
        life = self._life(conversation_id, now)
        page = Page(request)
        since = instant_parameter(request, "from_time") or 0
        messages = [one for one in life.until(now) if one.kind == MESSAGE and one.at >= since]
        messages.reverse()
        cut = page.cut(messages)
        shown = [conversation_views.message(self._desk, life, one) for one in cut]
        return Response.of_json(200, page.chain("messages", messages, shown))

    def _life(self, conversation_id: str, now: int) -> Life:
        life = self._desk.find_life(conversation_id)
        if life is None or life.began > now:
            raise ApiError(404, "CONVERSATION_NOT_FOUND", "There is no such conversation")
        return life

    # Set-up

    def _account(self, *_: object) -> Response:
        return Response.of_json(200, people_views.account(self._desk))

    def _groups(self, request: Request, now: int, _: str) -> Response:
        shown = [people_views.group(self._desk, index, now) for index in range(len(GROUPS))]
        return _listed(request, now, "groups", shown)

    def _channels(self, request: Request, now: int, _: str) -> Response:
        shown = [people_views.channel(self._desk, index) for index in range(len(CHANNELS))]
        return _listed(request, now, "channels", shown, Page.of_any_size(request))

    def _roles(self, request: Request, now: int, _: str) -> Response:
        shown = [people_views.role(self._desk, index) for index in range(len(ROLES))]
        return _listed(request, now, "roles", shown)

    # Numbers and reports

    def _historical(self, request: Request, now: int, _: str) -> Response:
        return Response.of_json(200, metrics.historical(self._desk, request, now))

    def _instant(self, request: Request, now: int, _: str) -> Response:
        return Response.of_json(200, metrics.instant(self._desk, request, now))

    def _outbound(self, request: Request, now: int, _: str) -> Response:
        found = metrics.outbound_messages(self._desk, request, now)
        return Response.of_json(200, {"outbound_messages": found})

    def _submit(self, request: Request, now: int, _: str) -> Response:
        return self.reports.submit(request.body, now)

    def _report(self, request: Request, now: int, job_id: str) -> Response:
        return Response.of_json(200, self.reports.state(job_id, request.host, now))


def _listed(
    request: Request, now: int, key: str, items: list[dict[str, Any]], page: Page | None = None
) -> Response:
    page = page or Page(request)
    name = request.parameter("sort_by") or "created_time"
    items = _ordered(request, now, items, key=lambda item: str(item.get(name, "")))
    return Response.of_json(
        200, page.collection(key, key.removesuffix("s"), items, list(page.cut(items)))
    )


def _ordered(request: Request, now: int, items: Sequence[T], key: Callable[[T], Any]) -> list[T]:
    """Sort as asked; without a wish the order is another one each minute."""
    order = request.parameter("sort_order")
    if order not in (None, "asc", "desc"):
        raise ApiError(400, "INVALID_VALUE", "sort_order must be asc or desc")
    if order is None:
        dice = Dice("order", now // MINUTE)
        return sorted(items, key=lambda _: dice.random())
    return sorted(items, key=key, reverse=order == "desc")


def _ids_in(body: bytes) -> list[str]:
    try:
        order = json.loads(body)
    except ValueError:
        raise ApiError(400, "INVALID_VALUE", "The body is not JSON") from None
    ids = order.get("ids") if isinstance(order, dict) else None
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise ApiError(400, "INVALID_VALUE", "ids must be a list of ids")
    if len(ids) > FETCHED_AT_ONCE:
        raise ApiError(400, "INVALID_VALUE", f"At most {FETCHED_AT_ONCE} ids at a time")
    return ids

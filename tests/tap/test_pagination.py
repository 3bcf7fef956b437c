"""Pagination of lists."""

import itertools
from urllib.parse import parse_qsl, urlsplit

import pytest
from fakes.clock import StillClock
from fakes.freshchat_client import freshchat_client
from fakes.http import Answer, ScriptedAdapter

from tap_freshchat.api.pagination import (
    MAX_EMPTY_PAGES,
    PagedList,
    paginate_messages,
    user_conversations,
)
from tap_freshchat.errors import FreshchatError, IncompleteListError, RequestRejectedError


def place(item):
    """As if a list were in order of its ids."""
    return item["id"]


def client_of(answer, *, page_size=50):
    adapter = ScriptedAdapter(answer)
    return freshchat_client(adapter, StillClock(), page_size=page_size), adapter


def test_a_list_is_read_up_to_its_last_page():
    client, adapter = client_of(
        lambda request: Answer(
            body={"agents": [{"id": query(request)["page"]}], "pagination": {"total_pages": 3}}
        )
    )
    found = list(PagedList(client, "/agents", "agents").items())
    assert len(found) == 3
    assert "page=3" in adapter.requests[-1].url
    assert len(adapter.requests) == 3


def query(request):
    return dict(parse_qsl(urlsplit(request.url).query))


def page_of(pages):
    """A list of some pages, one item on each, called by its page."""

    def answer(request):
        number = int(query(request)["page"])
        if number > max(pages, 1):
            return Answer(400, {"code": "WRONG_PAGE", "message": "WRONG_PAGE"})
        items = [{"id": str(number)}] if pages else []
        return Answer(body={"users": items, "pagination": {"total_pages": pages}})

    return answer


def test_a_list_is_requested_in_ascending_order_with_the_given_parameters():
    client, adapter = client_of(page_of(2), page_size=7)
    list(PagedList(client, "/users", "users", {"since": "x"}).items())
    asked = {"sort_order": "asc", "items_per_page": "7", "since": "x"}
    assert [query(each) for each in adapter.requests] == [
        {"page": "1", **asked},
        {"page": "2", **asked},
    ]
    assert urlsplit(adapter.requests[0].url).path == "/v2/users"


def test_items_may_be_named_by_another_field():
    client, _ = client_of([Answer(body={"fields": [{"name": "a"}], "pagination": {}})])
    assert list(PagedList(client, "/f", "fields", id_field="name").items()) == [{"name": "a"}]
    client, _ = client_of([Answer(body={"fields": [{"name": "a"}], "pagination": {}})])
    with pytest.raises(FreshchatError):
        list(PagedList(client, "/f", "fields").items())


def test_a_page_count_has_up_to_nine_digits():
    answer = Answer(body={"users": [{"id": "1"}], "pagination": {"total_pages": 999_999_999}})
    client, _ = client_of([answer])
    assert next(PagedList(client, "/users", "users").items()) == {"id": "1"}


def test_messages_that_are_not_a_list_are_an_error_that_names_them():
    client, _ = client_of([Answer(body={"messages": {"id": "1"}})])
    with pytest.raises(FreshchatError, match="no list messages"):
        list(paginate_messages(client, "c"))


@pytest.mark.parametrize("pages", ["many", -1, 1.5, "1" * 10, [1], "²"])
def test_an_invalid_page_count_is_an_error(pages):
    client, _ = client_of([Answer(body={"users": [], "pagination": {"total_pages": pages}})])
    with pytest.raises(FreshchatError, match="Invalid pagination.total_pages in .* /users"):
        list(PagedList(client, "/users", "users").items())


def test_a_page_count_may_be_text_or_absent():
    for pagination in ({"total_pages": "1"}, {"total_pages": None}, {}, None):
        client, adapter = client_of([Answer(body={"users": [], "pagination": pagination})])
        assert list(PagedList(client, "/users", "users").items()) == []
        assert len(adapter.requests) == 1


@pytest.mark.parametrize(
    ("pages", "asked", "reported"),
    [(0, "1", []), (1, "1", ["1"]), (2, "121", ["2", "1"]), (3, "1321", ["3", "2", "1"])],
)
def test_a_list_that_shrinks_is_read_from_its_end(pages, asked, reported):
    client, adapter = client_of(page_of(pages), page_size=7)
    read = PagedList(client, "/users", "users", {"since": "x"}).pages_backwards(place)
    assert [item["id"] for items in read for item in items] == reported
    assert "".join(query(each)["page"] for each in adapter.requests) == asked
    for each in adapter.requests:
        assert query(each).items() >= {"items_per_page": "7", "since": "x"}.items()


@pytest.mark.parametrize("in_order", [True, False])
def test_a_user_added_during_listing_hides_no_other_and_at_the_end_costs_no_request(in_order):
    users = [*"acdef"]

    def answer(request):
        page, size = int(query(request)["page"]), 2
        if page == 2 and "b" not in users:
            users.insert(len(users) if in_order else 1, "b")
        listed = [{"id": each} for each in users[(page - 1) * size : page * size]]
        total = {"total_pages": -(-len(users) // size), "total_items": len(users)}
        return Answer(body={"users": listed, "pagination": total})

    client, adapter = client_of(answer, page_size=2)
    moved = place if in_order else lambda _: None
    pages = list(PagedList(client, "/users", "users").pages_backwards(moved))
    assert {item["id"] for items in pages for item in items} >= set("acdef")
    assert max(len(items) for items in pages) == 2
    assert len(adapter.requests) == (4 if in_order else 7)


def test_a_page_that_no_longer_exists_is_empty():
    gone = Answer(400, {"code": "WRONG_PAGE", "message": "WRONG_PAGE"})
    there = Answer(body={"users": [{"id": "1"}], "pagination": {"total_pages": 2}})
    client, _ = client_of([there, gone, there])
    pages = list(PagedList(client, "/users", "users").pages_backwards(place))
    assert pages == [[], [{"id": "1"}]]


def test_the_conversations_of_a_user_are_requested_by_user_id_and_returned_once():
    listed = [{"id": "c1"}, {"id": "c1"}, {"id": "c2"}]
    client, adapter = client_of([Answer(body={"conversations": listed})])
    assert user_conversations(client, "u 1") == [{"id": "c1"}, {"id": "c2"}]
    [asked] = adapter.requests
    assert asked.url.partition("?")[0].endswith("/users/u%201/conversations")


def test_any_other_refusal_of_a_later_page_is_an_error_that_says_so():
    there = Answer(body={"users": [{"id": "1"}], "pagination": {"total_pages": 2}})
    client, _ = client_of([there, Answer(400, {"message": "no"})])
    with pytest.raises(IncompleteListError, match="later page of /users is refused.* returned 400"):
        list(PagedList(client, "/users", "users").pages_backwards(place))


def test_a_refusal_of_the_first_page_is_that_refusal():
    client, _ = client_of([Answer(400, {"message": "no"})])
    with pytest.raises(RequestRejectedError):
        list(PagedList(client, "/users", "users").pages_backwards(place))


def test_messages_are_requested_page_by_page_with_the_given_page_size():
    client, adapter = client_of([Answer(body={"messages": None, "link": None})])
    assert list(paginate_messages(client, "c/1")) == []
    [asked] = adapter.requests
    assert urlsplit(asked.url).path == "/v2/conversations/c%2F1/messages"
    assert query(asked) == {"page": "1", "items_per_page": "50"}


def test_a_chain_of_pages_without_messages_ends():
    numbers = itertools.count()
    client, adapter = client_of(
        lambda _: Answer(body={"messages": [], "link": {"href": f"/v2/more?page={next(numbers)}"}})
    )
    with pytest.raises(FreshchatError, match="continues without new messages"):
        list(paginate_messages(client, "c"))
    assert len(adapter.requests) == MAX_EMPTY_PAGES


def test_an_empty_list_takes_one_request():
    client, adapter = client_of([Answer(body={"agents": [], "pagination": {"total_pages": 0}})])
    assert list(PagedList(client, "/agents", "agents").items()) == []
    assert len(adapter.requests) == 1


def test_a_response_without_the_list_is_an_error_and_not_an_empty_list():
    client, _ = client_of([Answer(body={"error": "x"})])
    with pytest.raises(FreshchatError, match="no list agents"):
        list(PagedList(client, "/agents", "agents").items())


def test_a_user_without_a_list_of_conversations_has_none_and_each_is_listed_once():
    listed = {"conversations": [{"id": 7}, {"id": "7"}, {"id": "8"}]}
    client, _ = client_of([Answer(body={}), Answer(body=listed)])
    assert user_conversations(client, "u") == []
    found = user_conversations(client, "u")
    assert [each["id"] for each in found] == ["7", "8"]


def test_messages_follow_their_links_until_there_is_none():
    client, adapter = client_of(
        [
            Answer(
                body={
                    "messages": [{"id": "2"}],
                    "link": {"href": "/v2/conversations/c/messages?page=2&items_per_page=1"},
                }
            ),
            Answer(body={"messages": [{"id": "1"}]}),
        ]
    )
    assert [each["id"] for each in paginate_messages(client, "c")] == ["2", "1"]
    assert adapter.requests[1].url.endswith("/v2/conversations/c/messages?page=2&items_per_page=1")


def test_messages_that_link_in_a_circle_end_in_an_error():
    link = {"href": "/v2/conversations/c/messages?page=2"}
    client, _ = client_of(lambda _: Answer(body={"messages": [], "link": link}))
    with pytest.raises(FreshchatError, match="links back"):
        list(paginate_messages(client, "c"))


def served(count, *, size=50, says, last=None):
    """A list of `count` agents in pages of `size`, which `says` what follows; none after `last`."""

    def answer(request):
        page = int(query(request)["page"])
        items = [{"id": f"a{n}"} for n in range(count)][(page - 1) * size : page * size]
        if last is not None and page > last:
            items = []
        return Answer(body={"agents": items, **says(page)})

    return answer


def link_to(page):
    return {"links": {"next_page": {"href": f"/v2/agents?page={page}"}}}


def next_of_three(page):
    return link_to(page + 1) if page < 3 else {"links": {}}


@pytest.mark.parametrize(
    ("count", "says"),
    [
        *((count, lambda _: {}) for count in (1, 50, 100, 120)),
        *((count, lambda _: {"pagination": None, "links": None}) for count in (1, 120)),
        *((count, lambda page: link_to(page + 1)) for count in (1, 120)),
        *((count, lambda _: link_to(2)) for count in (1, 120)),
    ],
)
def test_a_list_without_totals_is_read_to_its_end(count, says):
    client, _ = client_of(served(count, says=says))
    assert len(PagedList(client, "/agents", "agents").by_id()) == count


@pytest.mark.parametrize(
    "counts",
    [{"total_items": 120}, {"total_items": "120"}, {"total_items": 120, "total_pages": 1}],
)
@pytest.mark.parametrize("size", [20, 50])
def test_a_list_is_read_up_to_its_total_however_many_pages_it_states(counts, size):
    client, _ = client_of(served(120, size=size, says=lambda _: {"pagination": counts}))
    items = list(PagedList(client, "/agents", "agents").items())
    assert [item["id"] for item in items] == [f"a{n}" for n in range(120)]
    backwards = PagedList(client, "/agents", "agents").pages_backwards(place)
    assert len({item["id"] for page in backwards for item in page}) == 120


@pytest.mark.parametrize(
    "says",
    [
        lambda _: {"pagination": {"total_items": 120, "total_pages": 3}},
        lambda _: {"pagination": {"total_items": 120}},
        lambda _: {"pagination": {"total_pages": 3}},
        next_of_three,
    ],
)
def test_a_list_that_ends_before_its_stated_end_is_an_error_and_never_shorter(says):
    client, adapter = client_of(served(120, says=says, last=2))
    listed = PagedList(client, "/agents", "agents")
    for read in (lambda: list(listed.items()), lambda: list(listed.pages_backwards(place))):
        with pytest.raises(IncompleteListError, match="/agents ends before its stated end"):
            read()
    assert len(adapter.requests) < 30


def test_a_service_that_ignores_the_page_number_does_not_hold_the_run():
    same = Answer(body={"agents": [{"id": f"a{n}"} for n in range(50)]})
    client, adapter = client_of(lambda _: same)
    assert len(PagedList(client, "/agents", "agents").by_id()) == 50
    assert len(adapter.requests) == 2
    same.body["pagination"] = {"total_items": 120}
    with pytest.raises(IncompleteListError, match="of 120 items"):
        PagedList(client, "/agents", "agents").by_id()


def test_a_link_of_a_list_to_another_host_is_not_followed():
    links = {"next_page": {"href": "https://evil.com/v2/agents?page=2"}}
    client, adapter = client_of(lambda _: Answer(body={"agents": [{"id": "1"}], "links": links}))
    with pytest.raises(FreshchatError, match="another host"):
        list(PagedList(client, "/agents", "agents").items())
    assert len(adapter.requests) == 1


def test_an_item_that_leaves_the_list_while_it_is_read_hides_no_other():
    agents = [f"a{n}" for n in range(120)]

    def answer(request):
        page = int(query(request)["page"])
        if page == 2 and "a3" in agents:
            agents.remove("a3")
        listed = [{"id": each} for each in agents[(page - 1) * 50 : page * 50]]
        return Answer(body={"agents": listed, "pagination": {"total_items": len(agents)}})

    client, _ = client_of(answer)
    assert PagedList(client, "/agents", "agents").by_id().keys() >= set(agents)


def messages_by_number(count, *, ignores_page=False):
    def answer(request):
        page = 1 if ignores_page else int(query(request)["page"])
        return Answer(
            body={"messages": [{"id": n} for n in range(count)][(page - 1) * 50 : page * 50]}
        )

    return answer


@pytest.mark.parametrize(("count", "requests"), [(1, 1), (49, 1), (50, 2), (70, 2), (120, 3)])
def test_messages_without_links_are_read_page_by_page(count, requests):
    client, adapter = client_of(messages_by_number(count))
    assert len(list(paginate_messages(client, "c"))) == count
    assert len(adapter.requests) == requests


def test_a_service_that_ignores_the_page_of_messages_gives_each_once():
    client, adapter = client_of(messages_by_number(50, ignores_page=True))
    assert len(list(paginate_messages(client, "c"))) == 50
    assert len(adapter.requests) == 2

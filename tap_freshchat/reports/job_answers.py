"""What an answer says of a report job: how far it is, and where its files lie. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

from tap_freshchat.api import answers

_DONE = {"COMPLETED", "SUCCESS"}


class JobAnswer(NamedTuple):
    """How far a job is.

    `links` are of the parts that have one, and `parts` is how many there are; both say something
    of a job that is `done` only.
    """

    failed: bool
    done: bool
    parts: int
    links: list[str]

    @property
    def complete(self) -> bool:
        """Whether there is something to read, and all of it can be."""
        return self.done and 0 < self.parts == len(self.links)


def read(answer: dict[str, Any], path: str) -> JobAnswer:
    """Read the answer to GET of a job, in its newer form with several links or the older with one.

    Args:
        answer: an object.
        path: of the request.

    Raises:
        FreshchatError: it has another form.
    """
    status = str(answer.get("status", "")).upper()
    parts = answer.get("links") or ([answer["link"]] if answer.get("link") else [])
    parts = answers.objects(parts, path, "links", named=None)
    states = {str(part.get("status") or status).upper() for part in parts}
    done = status == "COMPLETED" and states <= _DONE
    links = (answers.an_object(part.get("link") or part, path) for part in parts if done)
    return JobAnswer(
        failed="FAILED" in {status, *states},
        done=done,
        parts=len(parts),
        links=[str(href) for link in links if (href := link.get("href"))],
    )

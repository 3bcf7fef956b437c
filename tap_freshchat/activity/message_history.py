"""Message history of a conversation, and the present conversation it belongs to. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence  # noqa: TC003 - msgspec reads the annotations
from dataclasses import KW_ONLY, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_freshchat.activity.message_types import type_from_text
from tap_freshchat.enumerations import ACTOR_TYPE, NORMAL, SYSTEM, comparable, read_flag
from tap_freshchat.errors import FreshchatError
from tap_freshchat.times import interaction_start_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Largest difference between the time of a change and that of its system message.
SYSTEM_MESSAGE_TOLERANCE = timedelta(seconds=2)
# Most messages to load, for a conversation that never ends: 20 pages.
MAX_MESSAGES = 1000

# Detailed message types of transcripts that say the same as a flag.
_FLAG_TYPES = {"isResolved": "statuschangeresolved", "isReopen": "statuschangereopened"}

FIRST_RESPONSE_DUE = "FIRST_RESPONSE_DUE"
RESPONSE_DUE = "RESPONSE_DUE"
NO_RESPONSE_DUE = "NO_RESPONSE_DUE"


@dataclass(frozen=True)
class Message:
    """One message of a conversation, as REST returns it, with its parsed time."""

    time: datetime
    content: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The message's id, as text."""
        return str(self.content["id"])

    @property
    def interaction_id(self) -> str | None:
        """The interaction it belongs to."""
        value = self.content.get("interaction_id")
        return str(value) if value else None

    @property
    def author_type(self) -> str | None:
        """user, agent or bot for visible messages; None for notes and system messages."""
        if (type_from_text(self.content.get("message_type")) or NORMAL) != NORMAL:
            return None
        return ACTOR_TYPE.read(self.content.get("actor_type"))

    @property
    def is_system_message(self) -> bool:
        """Whether the system reports a change."""
        return type_from_text(self.content.get("message_type")) == SYSTEM

    def has_flag(self, flag: str) -> bool:
        """Whether a flag such as `isResolved` or `isReopen` is set, or the type says the same."""
        meta_data = self.content.get("meta_data")
        if isinstance(meta_data, dict) and read_flag(meta_data.get(flag)):
            return True
        return comparable(self.content.get("message_type")) == _FLAG_TYPES.get(flag)


@dataclass
class MessageHistory:
    """Messages of one conversation: `messages` in order of time, `by_id` by id.

    Args:
        contents: messages in any order; FreshchatError if one has no readable time.
        complete: whether the first message of the conversation is among them.
        back_to: all messages since the start of the interaction at that time are present.
        cut: whether loading stopped in the middle of an interaction, at `MAX_MESSAGES`.
        has_gaps: whether messages without a readable id or time were left out. What a missing
            message could disprove is then unknown.
    """

    contents: Sequence[Mapping[str, Any]] = ()
    _: KW_ONLY
    complete: bool
    back_to: datetime | None = None
    cut: bool = False
    has_gaps: bool = False

    def __post_init__(self) -> None:
        parsed = (Message(message_time(content), content) for content in self.contents)
        self.messages = sorted(parsed, key=lambda message: (message.time, message.id))
        self.by_id = {message.id: message for message in self.messages}
        if self.back_to is not None and self.messages and not self.cut:
            # The whole interaction was loaded, from whichever of its times loading started.
            self.back_to = min(self.back_to, self.messages[0].time)

    def covers(self, back_to: datetime | None) -> bool:
        """Whether messages since the interaction at that time are present; None needs none."""
        if back_to is None or self.complete:
            return True
        return self.back_to is not None and self.back_to <= back_to

    def has_messages_before(self, time: datetime) -> bool | None:
        """Whether the conversation has a message before a time; None if that is unknown."""
        if not self.messages:
            return None
        if self.messages[0].time < time:
            return True
        if self.has_gaps:
            return None
        if self.complete:
            return False
        # Loading stopped at an earlier interaction, or in the middle of one.
        return True if self.back_to is not None and not self.cut else None

    @property
    def lacks_resolution(self) -> bool:
        """Whether the whole latest interaction is present, and no message that resolved it."""
        if not self.messages or self.has_gaps or self.cut:
            return False
        return not any(message.has_flag("isResolved") for message in self.messages)

    def is_whole_since(self, time: datetime) -> bool:
        """Whether there are messages, and none since a time is missing."""
        if not self.messages or self.has_gaps:
            return False
        return not self.cut or self.messages[0].time < time

    def shows_no_change_since(self, time: datetime, *, is_inclusive: bool = False) -> bool:
        """Whether no system message and no interaction start after a time changed anything.

        With `is_inclusive`, a system message at the very time counts as well, unless it is that of
        a resolution or a reopening.
        """
        if not self.messages or self.has_gaps or not self.covers(time):
            return False
        for message in self.messages:
            start_or_end = message.has_flag("isResolved") or message.has_flag("isReopen")
            if message.time > time:
                started = interaction_start_time(message.interaction_id)
                if message.is_system_message or start_or_end or (started and started > time):
                    return False
            counts = is_inclusive and message.time == time and not start_or_end
            if counts and message.is_system_message:
                return False
        return True

    @property
    def first_visible_message(self) -> Message | None:
        """The first visible message of the conversation; None if its start was not loaded."""
        if self.has_gaps or not self.complete:
            return None
        return next((message for message in self.messages if message.author_type), None)

    def source_at(self, time: datetime) -> str | None:
        """Where the customer's messages of the interaction enter, such as web."""
        interaction_id = self.interaction_at(time)
        sources = (
            message.content.get("message_source")
            for message in self.messages
            if message.author_type == "user" and message.interaction_id == interaction_id
        )
        return next((str(source) for source in sources if source), None)

    def nearest_system_message(self, time: datetime) -> Message | None:
        """The system message nearest to a change at that time, within the tolerance."""
        system_messages = (message for message in self.messages if message.is_system_message)
        nearest = min(system_messages, key=lambda message: abs(message.time - time), default=None)
        near = nearest is not None and abs(nearest.time - time) <= SYSTEM_MESSAGE_TOLERANCE
        return nearest if near else None

    def interaction_at(self, time: datetime) -> str | None:
        """The interaction at that time."""
        for message in reversed(self.messages):
            started = interaction_start_time(message.interaction_id)
            if started and started <= time:
                return message.interaction_id
        return None

    def visible_messages(self, interaction_id: str | None, until: datetime) -> Iterator[Message]:
        """Visible messages of one interaction, up to and including a time."""
        for message in self.messages:
            in_interaction = message.interaction_id == interaction_id
            if in_interaction and message.author_type and message.time <= until:
                yield message

    def response_due(self, time: datetime) -> str | None:
        """FIRST_RESPONSE_DUE, RESPONSE_DUE or NO_RESPONSE_DUE at that time; None if unknown."""
        interaction_id = self.interaction_at(time)
        visible = list(self.visible_messages(interaction_id, time))
        if not visible or self.has_gaps:
            return None
        resolved = any(
            message.has_flag("isResolved")
            for message in self.messages
            if message.interaction_id == interaction_id and message.time <= time
        )
        if resolved or visible[-1].author_type != "user":
            return NO_RESPONSE_DUE
        agent_replied = any(message.author_type == "agent" for message in visible)
        return RESPONSE_DUE if agent_replied else FIRST_RESPONSE_DUE

    def position_flags(self, message: Message) -> Mapping[str, bool]:
        """`is_first_message` and `is_agent_first_response`, as the product events have them.

        The former is left out if too many messages were not loaded, and both if messages are
        missing.
        """
        if self.has_gaps:
            return {}
        visible = self.visible_messages(message.interaction_id, message.time)
        response = next((each for each in visible if each.author_type == "agent"), None)
        flags = {"is_agent_first_response": response is not None and response.id == message.id}
        first = self.first_visible_message
        # An incomplete history starts after an earlier interaction.
        if not self.cut:
            flags["is_first_message"] = first is not None and first.id == message.id
        return flags


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Current record of a conversation with its messages; `conversation` is empty if it is gone.

    `history` reaches as far back as requested; it is empty if no messages were requested.
    `has_record` is False if `conversation` is only an id, because the record was refused.
    """

    conversation: Mapping[str, Any]
    user_id: str | None
    time: datetime
    history: MessageHistory
    has_record: bool = True


def load_back_to(messages: Iterable[Mapping[str, Any]], back_to: datetime) -> MessageHistory:
    """Load the message history back to the start of the interaction at a time.

    `messages` is lazy, and is read to its end if the oldest come first. Raises FreshchatError if a
    message has no readable time.
    """
    loaded: list[Mapping[str, Any]] = []
    # The interaction at that time; known once a message at or before it is found.
    interaction: str | None = None
    # The order is not documented: with the oldest first, the newest are still to come.
    newest_first = True
    last: datetime | None = None
    for message in messages:
        interaction_id = message.get("interaction_id")
        time = message_time(message)
        newest_first = newest_first and (last is None or time <= last + SYSTEM_MESSAGE_TOLERANCE)
        last = time
        if newest_first and time < back_to:
            later = (message.get("interaction_id") for message in reversed(loaded))
            interaction = interaction or next(filter(None, later), interaction_id)
            # A message without an id does not end an interaction, wherever it is in the list.
            if interaction_id and interaction_id != interaction:
                return MessageHistory(loaded, complete=False, back_to=back_to)
            if len(loaded) >= MAX_MESSAGES:
                return MessageHistory(loaded, complete=False, back_to=back_to, cut=True)
        loaded.append(message)
    return MessageHistory(loaded, complete=True)


def has_message_since(messages: Iterable[Mapping[str, Any]], since: datetime) -> bool:
    """Whether any message is as new as `since`; reads one page if the newest come first.

    `messages` is lazy, in either order of time. Raises FreshchatError if a message has no readable
    time.
    """
    last: datetime | None = None
    for message in messages:
        time = message_time(message)
        if time >= since:
            return True
        if last is not None and time < last - SYSTEM_MESSAGE_TOLERANCE:
            return False
        last = time
    return False


def message_time(message: Mapping[str, Any]) -> datetime:
    """The time of a message as REST returns it; FreshchatError if it is not readable."""
    try:
        return parse_time(str(message.get("created_time")))
    except ValueError as error:
        raise FreshchatError(
            f"A message in a Freshchat response has a created_time that is {error}."
        ) from None

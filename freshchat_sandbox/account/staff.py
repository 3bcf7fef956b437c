"""Agents, groups, channels, roles and statuses of the synthetic account."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

COMPANY = "Lantern & Loom"


class GroupAssignment(Enum):
    """When a channel assigns a new conversation to its group."""

    NEVER = "never"
    WITH_CREATION = "with creation"  # the group is part of the creation itself
    SAME_TIME = "same time"  # a separate assignment in the same millisecond
    LATER = "later"  # a rule that runs some seconds after


@dataclass(frozen=True)
class Group:
    """Group of agents."""

    name: str
    description: str | None
    routing: str
    members: tuple[int, ...]


@dataclass(frozen=True)
class Channel:
    """Channel that customers can write to; `group` is an index of GROUPS."""

    name: str
    source: str
    message_source: str
    group: int | None
    group_assignment: GroupAssignment
    locale: str = "en"
    public: bool = True


@dataclass(frozen=True, kw_only=True)
class Agent:
    """Agent of the account.

    Attributes:
        zone: IANA zone without daylight saving, so that its offset is constant.
        offset: Offset of that zone in minutes.
        shift_start: Local hour at which the shift starts.
        days_off: The two weekdays off; Monday is 0.
        leaves_after: Days between the opening of the account and the agent leaving, or None.
        deleted: Whether the agent was then deleted, rather than deactivated.
    """

    first_name: str
    last_name: str | None
    mail: str
    zone: str
    offset: int
    shift_start: int
    days_off: tuple[int, int]
    role: int = 3
    routing: str = "INTELLIASSIGN"
    phone: str | None = None
    leaves_after: int | None = None
    deleted: bool = False

    @property
    def name(self) -> str:
        """Full name as in reports."""
        return f"{self.first_name} {self.last_name}" if self.last_name else self.first_name

    @property
    def email(self) -> str:
        """E-mail address of the login."""
        return f"{self.mail}@lantern-and-loom.example"


ROLES: tuple[tuple[str | None, str, str | None], ...] = (
    ("ACCOUNT_ADMIN", "Account Admin", "Everything, billing included"),
    ("ADMIN", "Admin", "Settings and people"),
    ("SUPERVISOR", "Supervisor", "Sees and moves all conversations"),
    ("AGENT", "Agent", None),
    (None, "Night watch", "Agents who may also take over from other groups"),
)

_KOLKATA, _SINGAPORE, _PHOENIX = (
    ("Asia/Kolkata", 330),
    ("Asia/Singapore", 480),
    ("America/Phoenix", -420),
)
_SAO_PAULO, _NAIROBI, _LAGOS = (
    ("America/Sao_Paulo", -180),
    ("Africa/Nairobi", 180),
    ("Africa/Lagos", 60),
)


def _agent(
    name: str,
    mail: str,
    zone: tuple[str, int],
    shift_start: int,
    days_off: tuple[int, int],
    **more: Any,  # further fields of Agent
) -> Agent:
    first, _, last = name.partition(" ")
    return Agent(
        first_name=first,
        last_name=last or None,
        mail=mail,
        zone=zone[0],
        offset=zone[1],
        shift_start=shift_start,
        days_off=days_off,
        **more,
    )


AGENTS: tuple[Agent, ...] = (
    _agent("Grace Wanjiku", "grace.wanjiku", _NAIROBI, 8, (5, 6), role=0, routing="OCR",
           phone="+254200000101"),
    _agent("Tomás Echeverría", "tomas.echeverria", _SAO_PAULO, 9, (5, 6), role=2, routing="OCR"),
    _agent("Priya Nair", "priya.nair", _KOLKATA, 8, (4, 5)),
    _agent("Łukasz Wrona", "lukasz.wrona", _LAGOS, 9, (6, 0)),
    _agent("Mei-Ling Tan 陈美玲", "meiling.tan", _SINGAPORE, 9, (5, 6)),
    _agent("Inês Carvalho", "ines.carvalho", _SAO_PAULO, 8, (1, 2)),
    _agent("Kwame Asante-Boateng", "kwame.asante", _LAGOS, 8, (2, 3), role=4),
    _agent("Nadia O'Rourke", "nadia.orourke", _PHOENIX, 9, (5, 6), phone="+16025550144"),
    _agent("Jun", "jun", _SINGAPORE, 8, (0, 1)),
    _agent("Zoë Lindqvist, Jr.", "zoe.lindqvist", _PHOENIX, 8, (3, 4), role=4),
    _agent("Aarav Mehta", "aarav.mehta", _KOLKATA, 9, (6, 0), role=1),
    _agent("Bashir Oyelaran", "bashir.oyelaran", _LAGOS, 9, (5, 6), leaves_after=45),
    _agent("Ruth Castellano", "ruth.castellano", _PHOENIX, 9, (5, 6), leaves_after=20,
           deleted=True),
)  # fmt: skip

SUPERVISOR = 1
# Author of the survey sent after a resolution: a deleted agent, as in saved automations.
AUTOMATION_AUTHOR = 12

GROUPS: tuple[Group, ...] = (
    Group("Orders", "Where is it, and can I change it", "INTELLIASSIGN", (2, 3, 4, 7, 11)),
    Group("Returns & Refunds", None, "INTELLIASSIGN", (2, 5, 6, 8, 9)),
    Group("Lamps and Wiring", "Technical questions", "INTELLIASSIGN", (3, 6, 8, 9, 10)),
    Group("Billing", None, "OCR", (0, 1, 4, 10)),
    Group("Atención en español", "Toda la ayuda en español", "INTELLIASSIGN", (1, 5, 7)),
    Group("Trade customers", "Hotels, shops, offices", "INTELLIASSIGN", (2, 4, 7, 9, 11)),
    Group("Escalations", "Only by hand-over", "DISABLED", (0, 1, 6)),
)
ESCALATIONS = 6

CHANNELS: tuple[Channel, ...] = (
    Channel("Inbox", "WEBCHAT", "web", 0, GroupAssignment.LATER),
    Channel("Returns", "WEBCHAT", "web", 1, GroupAssignment.SAME_TIME),
    Channel("Lamps and wiring", "MOBILE", "mobile", 2, GroupAssignment.SAME_TIME),
    Channel("WhatsApp", "WHATSAPP", "api", 0, GroupAssignment.WITH_CREATION),
    Channel("Messenger", "FACEBOOK_MESSENGER", "facebook_messenger", None, GroupAssignment.NEVER),
    Channel("Ayuda ¡aquí!", "WEBCHAT", "web", 4, GroupAssignment.WITH_CREATION, "es"),
    Channel("Trade, hotels & shops", "EMAIL", "web", 5, GroupAssignment.LATER, "en", public=False),
)

STATUSES = ("Available", "Unavailable", "Ongoing call", "After call work", "Lunch ☕", "Tea break")
AVAILABLE_STATUS, UNAVAILABLE_STATUS, LUNCH_STATUS, TEA_STATUS = 0, 1, 4, 5

# System users: actors that are not agents; GET /users/{id} returns them only if asked to.
BOT, SYSTEM = 0, 1
SYSTEM_USERS = ("Freddy", "System")

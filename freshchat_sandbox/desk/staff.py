"""Who works at the desk, in which groups, and on which channels customers come in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

COMPANY = "Lantern & Loom"


class Mapping(Enum):
    """When a channel hands a new conversation to its group."""

    NEVER = "never"
    WITH_CREATION = "with creation"  # the group is part of the creation itself
    SAME_MOMENT = "same moment"  # an assignment of its own, in the same millisecond
    LATER = "later"  # a rule that runs some seconds after


@dataclass(frozen=True)
class Group:
    """A team of agents."""

    name: str
    description: str | None
    routing: str
    members: tuple[int, ...]


@dataclass(frozen=True)
class Channel:
    """A topic that customers can write to; `group` is an index of GROUPS."""

    name: str
    source: str
    message_source: str
    group: int | None
    mapping: Mapping
    locale: str = "en"
    public: bool = True


@dataclass(frozen=True, kw_only=True)
class Agent:
    """A person at the desk.

    Attributes:
        zone: An IANA zone without daylight saving, so that its offset is a constant.
        offset: That offset in minutes.
        starts: Local hour the shift begins.
        free: The two weekdays off, Monday being 0.
        leaves: Days after the desk's opening on which the agent left, or None.
        deleted: Whether the account was deleted then, rather than deactivated.
    """

    first_name: str
    last_name: str | None
    mail: str
    zone: str
    offset: int
    starts: int
    free: tuple[int, int]
    role: int = 3
    routing: str = "INTELLIASSIGN"
    phone: str | None = None
    leaves: int | None = None
    deleted: bool = False

    @property
    def name(self) -> str:
        """The full name as reports print it."""
        return f"{self.first_name} {self.last_name}" if self.last_name else self.first_name

    @property
    def email(self) -> str:
        """The address the agent logs in with."""
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
    name: str, mail: str, zone: tuple[str, int], starts: int, free: tuple[int, int], **more: object
) -> Agent:
    first, _, last = name.partition(" ")
    return Agent(
        first_name=first,
        last_name=last or None,
        mail=mail,
        zone=zone[0],
        offset=zone[1],
        starts=starts,
        free=free,
        **more,  # type: ignore[arg-type]
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
    _agent("Bashir Oyelaran", "bashir.oyelaran", _LAGOS, 9, (5, 6), leaves=45),
    _agent("Ruth Castellano", "ruth.castellano", _PHOENIX, 9, (5, 6), leaves=20, deleted=True),
)  # fmt: skip

SUPERVISOR = 1
# The survey that goes out after a resolution was written by an agent whose account is gone by
# now; it still speaks in her name, as saved automations do.
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
    Channel("Inbox", "WEBCHAT", "web", 0, Mapping.LATER),
    Channel("Returns", "WEBCHAT", "web", 1, Mapping.SAME_MOMENT),
    Channel("Lamps and wiring", "MOBILE", "mobile", 2, Mapping.SAME_MOMENT),
    Channel("WhatsApp", "WHATSAPP", "api", 0, Mapping.WITH_CREATION),
    Channel("Messenger", "FACEBOOK_MESSENGER", "facebook_messenger", None, Mapping.NEVER),
    Channel("Ayuda ¡aquí!", "WEBCHAT", "web", 4, Mapping.WITH_CREATION, "es"),
    Channel("Trade, hotels & shops", "EMAIL", "web", 5, Mapping.LATER, "en", public=False),
)

STATUSES = ("Available", "Unavailable", "Ongoing call", "After call work", "Lunch ☕", "Tea break")
AVAILABLE_STATUS, UNAVAILABLE_STATUS, LUNCH_STATUS, TEA_STATUS = 0, 1, 4, 5

# System users: they act, yet are no agents; GET /users/{id} shows them on demand only.
BOT, SYSTEM = 0, 1
SYSTEM_USERS = ("Freddy", "System")

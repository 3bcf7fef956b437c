"""Sample text of messages and names, with characters that break naive parsers."""
# ruff: noqa: RUF001 - look-alike characters are intended

from __future__ import annotations

OPENINGS = (
    "Hi, my parcel has been in transit for nine days now. Could you have a look?",
    "The shade of the floor lamp arrived with a dent 😕",
    "Hello!\nTwo questions:\n1. Do you ship to Iceland?\n2. How much is it?",
    'I ordered the "Bergamot" throw, twice, by mistake; can one be cancelled?',
    "¿Tienen la lámpara Olivo en azul?",
    "Good evening, the invoice of last month shows 0,00 € VAT.",
    "my lamp flickers, only on dimmer level 2",
    "Wo finde ich die Pflegehinweise für das Leinen-Plaid?",
    "Can I change the delivery address, please?",
    "配送状況を教えてください。",
    "Is the wool in the Tundra blanket mulesing-free?",
    "The discount code doesn't work: it says 'not valid for this basket'",
    "We are a small hotel, 14 rooms; who could make us an offer?",
    "Bonjour, j’ai reçu le mauvais coloris…",
)
REPLIES_OF_USERS = (
    "Thank you!",
    "Yes, exactly that one",
    "It is LL-20417, ordered on the 3rd",
    "Hmm, I tried that already, it made no difference",
    "ok, and how long does it take?",
    "No, the other address; the one with “Hinterhaus” in it",
    "Perfect 🙏🏽",
    "I'd rather have the money back, to be honest",
    "Sí, gracias",
    "Sorry for the delay, I was on a train",
    "the cable is black, not white, and 1,5 m long",
    'It says: "error, try again later"',
    "Could you check once more?\n\nThe parcel number is 00340434, I think",
)
REPLIES = (
    "Thanks for writing to us. I am looking into it right now.",
    "Could you tell me the order number? It begins with LL-",
    "I have asked our warehouse; they will measure it again tomorrow.",
    "Good news: it left the depot this morning 🚚",
    "We can offer an exchange, or a refund to your card within 3–5 days.",
    "I am sorry to hear that, let us put it right.",
    "Please switch off the lamp, wait ten seconds,\nand hold the button until it blinks twice.",
    "Claro, se lo envío hoy mismo.",
    "The bulb is an E27, at most 8 W; a dimmable one is needed.",
    'Our terms call that a "change of mind", but I will make an exception, just this once.',
    "Is there anything else I can do for you?",
    "Done; you will get an e-mail in a minute.",
)
NOTES = (
    "Customer called as well, see ticket of last week, do not promise a date",
    "Third dented shade from the same batch, told the warehouse (pallet 7)",
    "VIP, please answer within the hour",
    'Says "mañana" but means Friday',
    "Refund approved by Grace ✔",
)
GREETINGS = (
    "Hello! I am Freddy, the bot of the house 🤖 What is it about?",
    "Hi there, while our people are busy: what can I help with?",
)
TOPICS = ("An order", "A return", "Something is broken", "A bill", "Talk to a person")
HAND_OVERS = (
    "I will pass you on to a colleague of flesh and blood.",
    "One moment, someone from the team takes over.",
)
SURVEY = "How did we do? Your answer goes straight to the team."
CAROUSEL = ("Olivo table lamp", "Tundra blanket", "Bergamot throw, 130 × 170")

LABELS: tuple[tuple[str, str], ...] = (
    ("Delivery", "Late parcel"),
    ("Delivery", "Address change"),
    ("Returns", "Damaged, on arrival"),
    ("Returns", "Change of mind"),
    ("Product", "Care & cleaning"),
    ("Product", ""),
    ("Billing", "Wrong VAT"),
)
COMMENTS = ("", "", "Quick and kind", "Took too long,\nbut solved in the end", "👍", "Très bien !")
PRIORITIES = ("Low", "Medium", "High", "Urgent")
FIELDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("cf_order_number", ("LL-20417", "LL-88102", "LL-31007")),
    ("cf_topic", ("order", "return", "repair", "invoice")),
    ("cf_refund_agreed", ("true", "false")),
)

FIRST_NAMES = (
    "Amara", "Björn", "Chidi", "Dolores", "Émile", "Fatima", "Gökçe", "Hana", "Ivo", "Jürgen",
    "Katarzyna", "Liam", "María José", "Nguyệt", "Oluwaseun", "Петро", "Quentin", "Rósa",
    "Siobhán", "Tariq", "Uma", "Vít", "Wei", "Ximena", "Yuki", "Zainab",
)  # fmt: skip
LAST_NAMES = (
    "Abernathy", "Bianchi", "Cruz", "D’Angelo", "Eriksen", "Farouk", "García López", "Horvat",
    "Ito", "Jovanović", "Kim", "Lefèvre", "Marangi", "Novák", "O'Shea", "Papadaki", "Quispe",
    "Rahman", "Szabó", "Tremblay", "Ueda", "Varga", "Weiß", "Xu", "Yılmaz", "Zieliński",
)  # fmt: skip
BOT_NOUNS = ("Lantern", "Kettle", "Maple", "Comet", "Otter", "Teapot", "Harbor", "Saffron")
BOT_VERBS = ("Wandering", "Humming", "Drifting", "Juggling", "Knitting", "Skating")

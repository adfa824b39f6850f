"""Names that a caption can use, out of what people wrote about their drawings."""

import re

# Words before a noun that say nothing of what is drawn.
FILLERS = re.compile(
    r"^(?:an?|the|some|our|your|my|this is an?|this|pair of|bunch of|couple of|kind of|cartoon|simple|clip ?art) +")
LONGEST = 3  # words
# What people call a thing, where Unicode has another name; worlds add to it.
SYNONYMS_OF_ALL = {
    "automobile": "car", "spouting whale": "whale", "ear of corn": "corn", "cheese wedge": "cheese",
    "hot beverage": "cup of coffee", "lady beetle": "ladybug", "deciduous tree": "tree",
    "soft ice cream": "ice cream", "wrapped gift": "gift", "gem stone": "diamond", "closed book": "book",
    "fire engine": "fire truck", "droplet": "water drop", "musical keyboard": "piano keyboard", "locomotive": "train",
    "soccer ball": "football", "honeybee": "bee", "hamburger": "burger", "evergreen tree": "pine tree",
    "running shoe": "shoe", "crescent moon": "moon", "doughnut": "donut", "jack-o-lantern": "pumpkin",
}


def cleaned(text: str) -> str | None:
    """A name of one to three plain words in lower case; none where the text is a sentence, a code or a remark."""
    text = re.sub(r"\([^)]*\)", " ", text).replace("’", "'").replace("_", " ").strip()
    text = re.sub(r"[\s.\d-]+$", "", re.sub(r"\s+", " ", text)).lower()
    while FILLERS.match(text):
        text = FILLERS.sub("", text)
    if not re.fullmatch(r"[a-zéèñç][a-zéèñç' -]+", text) or len(text.split()) > LONGEST:
        return None
    return text

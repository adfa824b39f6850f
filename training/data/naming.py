"""Names that a caption can use, out of what people wrote about their drawings."""

import re

# Words before a noun that say nothing of what is drawn.
FILLERS = re.compile(
    r"^(?:an?|the|some|our|your|my|this is an?|this|pair of|bunch of|couple of|kind of|cartoon|simple|clip ?art) +")
LONGEST = 3  # words


def cleaned(text: str) -> str | None:
    """A name of one to three plain words in lower case; none where the text is a sentence, a code or a remark."""
    text = re.sub(r"\([^)]*\)", " ", text).replace("’", "'").replace("_", " ").strip()
    text = re.sub(r"[\s.\d-]+$", "", re.sub(r"\s+", " ", text)).lower()
    while FILLERS.match(text):
        text = FILLERS.sub("", text)
    if not re.fullmatch(r"[a-zéèñç][a-zéèñç' -]+", text) or len(text.split()) > LONGEST:
        return None
    return text

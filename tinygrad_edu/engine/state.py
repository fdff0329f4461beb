"""What ops ask before they record: is history wanted, and does anybody watch? One per thread."""

import threading
from typing import Any


class State(threading.local):
    """Grad mode, and an optional observer with the methods made() and contribution()."""

    grad: bool = True
    watch: Any = None


state = State()

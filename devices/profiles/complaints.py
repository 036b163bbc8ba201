"""What an instrument with an error queue did not like: SCPI's `SYST:ERR?`, asked until nothing is left.

A SCPI instrument answers a wrong question with silence and puts the reason into its queue (SCPI 1999, volume 1, chapter
21.8); the queue is emptied after every trouble, so that no later question is blamed for it.
"""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from devices.profiles.model import ErrorQueue, Question
from devices.protocols.exchange import Answer, Outcome, Quality, Trouble


def complaints(queue: ErrorQueue, ask: Callable[[Question], Outcome]) -> list[str] | Trouble:
    """Code and words of every entry, oldest first; the trouble when the queue cannot be read."""
    said: list[str] = []
    for _ in range(queue.most):
        outcome = ask(queue.question)
        if isinstance(outcome, Trouble):
            return outcome
        entry = _entry(queue, outcome)
        if entry is None:
            break
        said.append(entry)
    return said


def _entry(queue: ErrorQueue, answer: Answer) -> str | None:
    """One entry as the instrument words it; None when it stands for an empty queue."""
    code, words = answer.groups.get(queue.code, ""), answer.groups.get(queue.words, "")
    try:
        if Decimal(code) == queue.none:
            return None
    except InvalidOperation:
        pass
    return f"{code} {words}".strip()


def explained(trouble: Trouble, said: list[str] | Trouble) -> Trouble:
    """The trouble with what the instrument says about it; unchanged when it says nothing."""
    if isinstance(said, Trouble) or not said:
        return trouble
    listed = "; ".join(said)
    return Trouble(
        Quality.DEVICE_ERROR,
        "complaint",
        f"{trouble.zh}；仪器的错误队列：{listed}",
        f"{trouble.en}; the instrument's error queue: {listed}",
        dirty=False,
    )


def refused(said: list[str] | Trouble) -> Trouble | None:
    """The outcome of a command that is obeyed in silence: None when the queue is empty, else why it is not done."""
    if isinstance(said, Trouble):
        return said
    if not said:
        return None
    listed = "; ".join(said)
    return Trouble(
        Quality.DEVICE_ERROR, "complaint", f"仪器拒绝：{listed}", f"The instrument refused: {listed}", dirty=False
    )

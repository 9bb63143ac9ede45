"""What an importer finds in a file."""

from dataclasses import dataclass, field

from evaluation.study.votes import Answer, LeftOut


@dataclass
class Found:
    """The content of a file.

    Attributes:
        answers: those that can be read.
        left_out: what cannot, a line each.
        total: how many answers the file has, readable or not.
        withdrawn: (source, participant) of those who withdrew; no answer of theirs is used, whatever file has it.
        rejected: assignments that the requester rejected; they count, because no rule of a design speaks of them.
    """

    answers: list[Answer] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    total: int = 0
    withdrawn: set[tuple[str, str]] = field(default_factory=set)
    rejected: int = 0

    def refuse(self, file: str, line: int, what: str, reason: str) -> None:
        """An answer that cannot be used."""
        self.left_out.append(LeftOut(file, line, what, reason))

    def remark(self, file: str, line: int, what: str, reason: str) -> None:
        """Something that is no answer."""
        self.left_out.append(LeftOut(file, line, what, reason, answers=0))

    def add(self, other: "Found") -> None:
        """Take over what another part of the file holds."""
        self.answers += other.answers
        self.left_out += other.left_out
        self.total += other.total
        self.withdrawn |= other.withdrawn
        self.rejected += other.rejected

"""Limits: how calls of one model are joined. Numbers only; imports nothing heavy."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Batching:
    """At most ``max_batch`` pictures a run, ``instances`` runs at once, ``most_waiting`` calls within a service.

    The first call waits at most ``max_delay_ms``, until as many are there as came lately: a lone caller never waits.
    Two runs at once keep two cores busier than one run on both (docs/why/speed.md), and a GPU while the other prepares.
    """

    max_batch: int = 16
    max_delay_ms: float = 0.0
    instances: int = 2
    most_waiting: int = 128

    def __post_init__(self) -> None:
        """Numbers outside of their range are refused.

        Raises:
            ValueError: naming the number and its range.
        """
        if not 1 <= self.max_batch <= 256:
            raise ValueError("max_batch must be 1 to 256")
        if not 0 <= self.max_delay_ms <= 1000:
            raise ValueError("max_delay_ms must be 0 to 1000")
        if not 1 <= self.instances <= 64:
            raise ValueError("instances must be 1 to 64")
        if not 1 <= self.most_waiting <= 10_000:
            raise ValueError("most_waiting must be 1 to 10000")

"""Who is next, without a clock on the wall: weights, no starvation, spare slots for those below their fair part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable

from hypothesis import given
from hypothesis import strategies as st

from app.kit.shares import NO_OWNER, Shares, Turn


class Simulation:
    """Owners that always want another turn, each of which lasts as long as the owner says; time is a number."""

    def __init__(
        self, shares: Shares, lengths: dict[Hashable, float], batch_of: Callable[[int], Hashable] = lambda n: "batch"
    ) -> None:
        self.shares, self.lengths, self.batch_of = shares, lengths, batch_of
        self.now = 0.0
        self.running: list[tuple[float, int, Turn]] = []
        self.turns: list[Hashable] = []
        self.held: Counter[Hashable] = Counter()
        self.most_held: Counter[Hashable] = Counter()
        self.used: dict[Hashable, float] = dict.fromkeys(lengths, 0.0)
        self.next_batch: dict[Hashable, Hashable] = {}
        for owner in lengths:
            self._line_up(owner)
        self._deal()

    def _line_up(self, owner: Hashable) -> None:
        self.next_batch[owner] = self.batch_of(len(self.turns))
        self.shares.enter(owner, self.next_batch[owner], self.now)

    def _deal(self) -> None:
        while (owner := self.shares.next_owner(self.lengths, self.now)) is not NO_OWNER:
            batch = self.next_batch[owner]
            turn = self.shares.take(owner, batch, self.now)
            self.shares.leave(owner, batch)
            self.running.append((self.now + self.lengths[owner], len(self.turns), turn))
            self.turns.append(owner)
            self.held[owner] += 1
            self.most_held[owner] = max(self.most_held[owner], self.held[owner])
            self._line_up(owner)

    def step(self) -> None:
        """The turn that ends first ends, and what is free is taken."""
        self.running.sort(key=lambda entry: entry[:2])
        end, _, turn = self.running.pop(0)
        self.now = end
        self.used[turn.owner] += end - turn.began
        self.held[turn.owner] -= 1
        self.shares.give_back(turn, self.now)
        self._deal()

    def run_until(self, end: float) -> None:
        while self.running and min(entry[0] for entry in self.running) <= end:
            self.step()

    def seconds(self) -> dict[Hashable, float]:
        """Of slots, by owner, what still runs too."""
        found = dict(self.used)
        for _, _, turn in self.running:
            found[turn.owner] += self.now - turn.began
        return found


LENGTHS = st.dictionaries(st.sampled_from("ABCDE"), st.floats(1.0, 20.0), min_size=2)


@given(LENGTHS, st.integers(1, 8), st.integers(0, 3), st.dictionaries(st.sampled_from("ABCDE"), st.floats(0.2, 5.0)))
def test_nobody_starves_and_each_uses_its_weight(
    lengths: dict[Hashable, float], slots: int, spare: int, weights: dict[Hashable, float]
) -> None:
    run = Simulation(Shares(slots, spare, weigh=lambda owner: weights.get(owner, 1.0)), lengths, lambda n: n % 3)
    run.run_until(600.0)
    seconds = run.seconds()
    assert min(seconds.values()) > 0
    by_weight = {owner: seconds[owner] / weights.get(owner, 1.0) for owner in lengths}
    # A turn cannot be taken back, so they may differ by as many turns as there are slots.
    allowed = (slots + spare) * (max(lengths.values()) + 1) / min(1.0, *(weights.get(o, 1.0) for o in lengths))
    if spare == 0 and slots < len(lengths):
        assert max(by_weight.values()) - min(by_weight.values()) <= 2 * allowed


@given(LENGTHS, st.integers(1, 8), st.integers(0, 3), st.integers(1, 4))
def test_slots_and_the_cap_of_each_are_kept(lengths: dict[Hashable, float], slots: int, spare: int, most: int) -> None:
    run = Simulation(Shares(slots, spare, most), lengths, lambda n: n % 2)
    for _ in range(300):
        assert run.shares.held == len(run.running) <= slots + spare
        run.step()
    assert max(run.most_held.values()) <= most


@given(st.integers(1, 8), st.integers(1, 4), st.integers(2, 6))
def test_whoever_comes_finds_a_slot_at_once_while_another_holds_all(slots: int, spare: int, comers: int) -> None:
    shares = Shares(slots, spare)
    while shares.room_of("A"):
        shares.take("A", "long", 0.0)
    assert shares.held == slots, "alone it may hold all of them, and no spare one"
    for comer in range(comers):
        shares.enter(comer, "short", 1000.0)
    for _ in range(min(spare, comers)):
        owner = shares.next_owner(range(comers), 1000.0)
        assert owner is not NO_OWNER
        shares.take(owner, "short", 1000.0)
        shares.leave(owner, "short")
    assert shares.held == slots + min(spare, comers)
    assert not shares.room_of("A")


def test_the_next_free_slot_is_the_comer_s() -> None:
    shares = Shares(2)
    turns = [shares.take("A", "flood", 0.0), shares.take("A", "flood", 0.0)]
    shares.enter("A", "flood", 0.0)
    shares.enter("B", "one", 1800.0)
    assert shares.next_owner(["A", "B"], 1800.0) is NO_OWNER
    shares.give_back(turns[0], 1801.0)
    assert shares.next_owner(["A", "B"], 1801.0) == "B"


def test_time_counts_and_not_turns() -> None:
    run = Simulation(Shares(1), {"long": 60.0, "short": 0.5})
    run.run_until(6000.0)
    seconds = run.seconds()
    assert abs(seconds["long"] - seconds["short"]) <= 61
    assert run.turns.count("short") > 5000


def test_nobody_saves_up_while_away() -> None:
    shares = Shares(1)
    turn = shares.take("B", "one", 0.0)
    shares.give_back(turn, 1.0)
    turn = shares.take("A", "alone", 1.0)
    shares.give_back(turn, 1000.0)
    turn = shares.take("A", "alone", 1000.0)
    shares.enter("B", "one", 1001.0)  # A had 1,000 seconds while nobody else wanted any
    shares.enter("A", "alone", 1001.0)
    shares.give_back(turn, 1002.0)
    turn = shares.take("B", "one", 1002.0)
    shares.leave("B", "one")
    shares.enter("B", "one", 1002.0)
    shares.give_back(turn, 1004.0)
    assert shares.next_owner(["A", "B"], 1004.0) == "A"


@given(st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 5)), min_size=1, unique=True), st.integers(1, 40))
def test_free_slots_are_divided_by_owners_and_then_by_their_batches(wanting: list[tuple[str, int]], slots: int) -> None:
    shares = Shares(slots)
    wanted = [(owner, f"{owner}{batch}") for owner, batch in wanting]
    found = shares.divide(wanted, 0.0)
    assert sum(found.values()) == slots == shares.held
    owners = {owner for owner, _ in wanted}
    by_owner = [sum(n for batch, n in found.items() if str(batch).startswith(owner)) for owner in owners]
    assert max(by_owner) - min(by_owner) <= 1
    for owner in owners:
        of_owner = [found.get(batch, 0) for its, batch in wanted if its == owner]
        assert max(of_owner) - min(of_owner) <= 1


def test_what_was_divided_for_nothing_is_given_back_and_costs_nothing() -> None:
    shares = Shares(8)
    assert shares.divide([("A", "a"), ("B", "b")], 0.0) == {"a": 4, "b": 4}
    shares.give_back(Turn("B", "b", 0.0), 0.2, 3, unused=True)
    assert shares.divide([("A", "a")], 0.2) == {"a": 3}
    shares.give_back(Turn("A", "a", 0.0), 5.0, 4)
    shares.give_back(Turn("A", "a", 0.2), 5.0, 3)
    shares.give_back(Turn("B", "b", 0.0), 5.0)
    assert shares.held == 0
    assert shares.divide([("A", "a"), ("B", "b")], 5.0) == {"a": 4, "b": 4}


def test_the_line_of_an_owner_says_how_many_go_before_each_batch() -> None:
    shares = Shares(1)
    shares.take("A", "large", 0.0)
    for batch in ("large", "large", "large", "small"):
        shares.enter("A", batch, 0.0)
    assert list(shares.line_up("A", {"large": 3, "small": 1}, 0.0)) == [("small", 1, 0), ("large", 3, 1)]


def test_shares_of_those_who_left_are_forgotten() -> None:
    shares = Shares(2)
    always = shares.take("A", "a", 0.0)
    for moment in range(1, 1000):
        turn = shares.take(f"owner {moment}", f"batch {moment}", float(moment))
        shares.give_back(turn, moment + 0.5)
    assert len(shares.owners.shares) < 4
    shares.give_back(always, 1000.0)
    shares.take("A", "b", 1001.0)
    assert set(shares.owners.shares) == {"A"}

"""The front, against its definition written out for every pair."""

from math import hypot

from hypothesis import given
from hypothesis import strategies as st

from registry.statistics import rank_intervals, resolved_front

values = st.one_of(st.none(), st.integers(-5, 5).map(float))
halves = st.one_of(st.none(), st.sampled_from([0.0, 0.5, 1.0, 3.0]))
entries = st.lists(st.tuples(st.sampled_from([0.8, 0.9, 0.95]), values, halves, values, halves), max_size=9)


def by_hand(rows: list[tuple[float, float | None, float | None, float | None, float | None]]) -> list[bool | None]:
    front: list[bool | None] = []
    for mine in rows:
        columns = [place for place in (1, 3) if mine[place] is not None and mine[place + 1] is not None]
        if not columns:
            front.append(None)
            continue
        beaten = False
        for other in rows:
            signs = []
            for place in columns:
                value, half, theirs, their_half = mine[place], mine[place + 1], other[place], other[place + 1]
                if value is None or half is None or theirs is None or their_half is None:
                    signs.append(False)  # where the other may be anything, it beats nobody
                    continue
                if abs(value - theirs) > hypot(half, their_half):
                    signs.append(theirs < value)
            beaten |= other[0] >= mine[0] and any(signs) and all(signs)
        front.append(not beaten)
    return front


@given(entries)
def test_the_front_is_what_nobody_resolvably_beats(
    rows: list[tuple[float, float | None, float | None, float | None, float | None]],
) -> None:
    first = ([row[1] for row in rows], [row[2] for row in rows])
    second = ([row[3] for row in rows], [row[4] for row in rows])
    assert resolved_front([row[0] for row in rows], [first, second]) == by_hand(rows)


@given(st.lists(st.tuples(values, halves), max_size=9), st.booleans())
def test_a_rank_counts_who_is_told_apart(rows: list[tuple[float | None, float | None]], higher: bool) -> None:
    ranks = rank_intervals([row[0] for row in rows], [row[1] for row in rows], higher_is_better=higher)
    known = [(value, half) for value, half in rows if value is not None and half is not None]
    for (value, half), rank in zip(rows, ranks, strict=True):
        if value is None or half is None:
            assert rank is None
            continue
        apart = [other for other, other_half in known if abs(value - other) > hypot(half, other_half)]
        better = sum((other > value) == higher for other in apart)
        assert rank is not None
        assert (rank.best, rank.worst) == (1 + better, len(known) - (len(apart) - better))

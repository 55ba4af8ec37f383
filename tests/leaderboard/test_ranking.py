from leaderboard.changes import Change
from leaderboard.ranking import ranks


def test_ranks_use_the_checkpoints_own_noise_and_leave_out_what_has_none() -> None:
    wide_because_of_dense = [Change(0.0, 5.0, 0.1, ""), Change(1.0, 5.0, 0.1, "")]
    found = ranks([*wide_because_of_dense, None, Change(0.5, None, None, "")])
    assert [str(rank) for rank in found] == ["1", "2", "None", "None"]
    assert [rank.may_be_first for rank in found if rank] == [True, False]

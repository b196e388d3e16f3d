"""Members that were never trained, for tests of what is done with trained ones."""

from landmark_lib.training.member_record import MemberRecord

SIDE = 32
MEMBERS = ("member-0", "member-1", "member-2")


def finished_member(fingerprint):
    return MemberRecord(
        member=0,
        finished=True,
        epochs=1,
        best_epoch=1,
        settings={"weights": "random"},
        dataset_fingerprint=fingerprint,
        landmark_ids=["landmark 0", "landmark 1", "landmark 2"],
        versions={},
    )

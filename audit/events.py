"""What the trail records: one past-tense name for each step, as `subject:what happened`."""

from enum import StrEnum


class Event(StrEnum):
    """Everything that is ever appended to the trail."""

    ASSOCIATION_OPENED = "association:opened"
    ASSOCIATION_CLOSED = "association:closed"
    ASSOCIATION_REFUSED = "association:refused"
    INSTANCE_STORED = "instance:stored"
    INSTANCE_REPEATED = "instance:repeated"
    INSTANCE_CONFLICTED = "instance:conflicted"
    INSTANCE_REFUSED = "instance:refused"
    RUN_OPENED = "run:opened"
    RUN_COMPLETED = "run:completed"
    MODEL_DECLINED = "model:declined"
    ANALYSIS_QUEUED = "analysis:queued"
    ANALYSIS_STARTED = "analysis:started"
    ANALYSIS_RETURNED = "analysis:returned to the queue"
    ANALYSIS_REPORTED = "analysis:reported"
    REPORT_DELIVERED = "report:delivered"
    REPORT_REFUSED = "report:refused"
    DELIVERY_POSTPONED = "delivery:postponed"
    DELIVERY_REOPENED = "delivery:reopened"
    JOB_GIVEN_UP = "job:given up"
    MODEL_IMPORTED = "model:imported"
    PEER_CHANGED = "peer:changed"
    STUDY_VIEWED = "study:viewed"
    USER_LOGGED_IN = "user:logged in"
    USER_LOGGED_OUT = "user:logged out"
    USER_LOGIN_FAILED = "user:login failed"

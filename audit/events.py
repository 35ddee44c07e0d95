"""What the trail records: one past-tense name for each step, as `subject:what happened`."""

from enum import StrEnum


class Event(StrEnum):
    """Everything that is ever appended to the trail."""

    # Receiving.
    ASSOCIATION_OPENED = "association:opened"
    ASSOCIATION_CLOSED = "association:closed"
    ASSOCIATION_REFUSED = "association:refused"
    ASSOCIATION_DISAGREED = "association:counts disagree"
    INSTANCE_STORED = "instance:stored"
    INSTANCE_REPEATED = "instance:repeated"
    INSTANCE_CONFLICTED = "instance:conflicted"
    INSTANCE_REFUSED = "instance:refused"
    # Analysing.
    RUN_OPENED = "run:opened"
    RUN_COMPLETED = "run:completed"
    MODEL_DECLINED = "model:declined"
    ANALYSIS_QUEUED = "analysis:queued"
    ANALYSIS_STARTED = "analysis:started"
    ANALYSIS_RETURNED = "analysis:returned to the queue"
    ANALYSIS_REPORTED = "analysis:reported"
    # Delivering.
    DELIVERY_STARTED = "delivery:started"
    DELIVERY_POSTPONED = "delivery:postponed"
    DELIVERY_DISAGREED = "delivery:counts disagree"
    REPORT_DELIVERED = "report:delivered"
    REPORT_REFUSED = "report:refused"
    JOB_GIVEN_UP = "job:given up"
    JOB_REOPENED = "job:reopened"
    # A physician decides.
    RESULT_ASSESSED = "result:assessed"
    # Configuration.
    MODEL_IMPORTED = "model:imported"
    PEER_CHANGED = "peer:changed"
    # The process.
    PROCESS_STARTED = "process:started"
    PROCESS_STOPPED = "process:stopped"
    # Reading.
    WORKLIST_VIEWED = "worklist:viewed"
    WORKLIST_SEARCHED = "worklist:searched"
    STUDY_VIEWED = "study:viewed"
    PICTURE_VIEWED = "picture:viewed"
    MODEL_VIEWED = "model:viewed"
    OPERATIONS_VIEWED = "operations:viewed"
    # The trail itself.
    TRAIL_OPENED = "trail:opened"
    TRAIL_KEY_ROTATED = "trail:key rotated"
    TRAIL_VIEWED = "trail:viewed"
    TRAIL_VERIFIED = "trail:verified"
    TRAIL_EXPORTED = "trail:exported"
    TRAIL_ALARMED = "trail:alarmed"
    PATIENT_LOOKED_UP = "patient:looked up"
    PATIENT_UNLINKED = "patient:unlinked"
    HOLD_PLACED = "legal hold:placed"
    HOLD_LIFTED = "legal hold:lifted"
    # People and what they may do.
    USER_LOGGED_IN = "user:logged in"
    USER_LOGGED_OUT = "user:logged out"
    USER_LOGIN_FAILED = "user:login failed"
    USER_LOCKED = "user:locked"
    USER_UNLOCKED = "user:unlocked"
    USER_CREATED = "user:created"
    USER_DEACTIVATED = "user:deactivated"
    USER_PASSWORD_CHANGED = "user:password changed"  # noqa: S105
    USER_FACTOR_CHANGED = "user:second factor changed"
    USER_TRAINED = "user:trained"
    USER_REFUSED = "user:refused"
    POLICY_ACCEPTED = "policy:accepted"
    ROLE_GRANTED = "role:granted"
    ROLE_WITHDRAWN = "role:withdrawn"
    # Electronic signatures.
    SIGNING_KEY_ENROLLED = "signing key:enrolled"
    SIGNING_KEY_RETIRED = "signing key:retired"
    RECORD_SIGNED = "record:signed"
    SIGNATURE_REFUSED = "signature:refused"
    REVIEW_OPENED = "review:opened"
    # Validation.
    PROTOCOL_REGISTERED = "protocol:registered"
    VALIDATION_ORDERED = "validation:ordered"
    VALIDATION_REFUSED = "validation:refused"
    VALIDATION_STARTED = "validation:started"
    VALIDATION_FINISHED = "validation:finished"
    DATASET_USED = "data set:used"
    VALIDATION_VIEWED = "validation:viewed"
    # Change control.
    CHANGE_PLANNED = "change:plan registered"
    CHANGE_DECIDED = "change:decided"
    # After market.
    MONITORING_PLANNED = "monitoring:plan registered"
    MONITORING_BREACHED = "monitoring:breached"
    MONITORING_REPORTED = "monitoring:reported"
    PROBLEM_OPENED = "problem:opened"
    PROBLEM_LINKED = "problem:linked"
    PROBLEM_CLOSED = "problem:closed"
    MODEL_SUSPENDED = "model:suspended"
    MODEL_RESUMED = "model:resumed"


# What takes effect only when a checkpoint covers its event.
CRITICAL = frozenset(
    {
        Event.ANALYSIS_QUEUED,
        Event.ANALYSIS_REPORTED,
        Event.MODEL_IMPORTED,
        Event.MODEL_RESUMED,
        Event.TRAIL_KEY_ROTATED,
        Event.PATIENT_UNLINKED,
        Event.ROLE_GRANTED,
        Event.ROLE_WITHDRAWN,
        Event.USER_TRAINED,
        Event.USER_UNLOCKED,
        Event.SIGNING_KEY_ENROLLED,
        Event.SIGNING_KEY_RETIRED,
        Event.RECORD_SIGNED,
    }
)

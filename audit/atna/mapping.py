"""Which audit message each event of the trail becomes: one table, complete (PS3.15 A.5.3).

`least` is the mildest outcome that a message of this kind can have: a refusal is a failure even where its
author left the outcome out. Every message also carries our own name of the event as an EventTypeCode.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from audit.atna import codes
from audit.atna.codes import Action, Code
from audit.events import Event

_MINOR: Final = 4
_SERIOUS: Final = 8
_MAJOR: Final = 12


class Cast(Enum):
    """Who takes part, and in which role: the participants that the table of each message asks for."""

    ACTIVITY = auto()  # A.5.3.1: the application, and who made it act
    AUDIT_LOG = auto()  # A.5.3.2: who reads the log
    INCOMING = auto()  # A.5.3.3 and .7: a peer is the source, this device the destination
    OUTGOING = auto()  # A.5.3.3 and .7: this device is the source, a peer the destination
    ACCESS = auto()  # A.5.3.6: who looks at a study
    EXPORT = auto()  # A.5.3.4: who takes something away, and on what medium
    PATIENT = auto()  # A.5.3.14: who changes what is known of a patient
    QUERY = auto()  # A.5.3.10: who asks, and who answers
    ALERT = auto()  # A.5.3.11: who reports, and who did it
    AUTHENTICATION = auto()  # A.5.3.12: who logs in, and where


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of message."""

    event: Code
    cast: Cast
    action: Action = Action.EXECUTE
    types: tuple[Code, ...] = ()
    least: int = 0


def _activity(*types: Code, least: int = 0) -> Rule:
    return Rule(codes.APPLICATION_ACTIVITY, Cast.ACTIVITY, types=types, least=least)


def _alert(*types: Code, least: int = 0) -> Rule:
    return Rule(codes.SECURITY_ALERT, Cast.ALERT, types=types, least=least)


def _login(kind: Code, least: int = 0) -> Rule:
    return Rule(codes.USER_AUTHENTICATION, Cast.AUTHENTICATION, types=(kind,), least=least)


def _transferred(cast: Cast, action: Action, least: int = 0) -> Rule:
    return Rule(codes.INSTANCES_TRANSFERRED, cast, action, least=least)


def _accessed(action: Action) -> Rule:
    return Rule(codes.INSTANCES_ACCESSED, Cast.ACCESS, action)


_QUERY = Rule(codes.QUERY, Cast.QUERY)
_LOG_USED = Rule(codes.AUDIT_LOG_USED, Cast.AUDIT_LOG, Action.READ)
_EXPORT = Rule(codes.EXPORT, Cast.EXPORT, Action.READ)
_PATIENT_CHANGED = Rule(codes.PATIENT_RECORD, Cast.PATIENT, Action.UPDATE)

RULES: Final[Mapping[Event, tuple[Rule, ...]]] = {
    # Receiving. The receiver knows what it held: C is new, R was there already (A.5.3.7).
    Event.ASSOCIATION_OPENED: (Rule(codes.BEGIN_TRANSFERRING, Cast.INCOMING),),
    Event.ASSOCIATION_CLOSED: (_transferred(Cast.INCOMING, Action.CREATE),),
    Event.ASSOCIATION_REFUSED: (_alert(codes.NODE_AUTHENTICATION, least=_MINOR),),
    Event.ASSOCIATION_DISAGREED: (_alert(least=_SERIOUS),),
    Event.INSTANCE_STORED: (_transferred(Cast.INCOMING, Action.CREATE),),
    Event.INSTANCE_REPEATED: (_transferred(Cast.INCOMING, Action.READ),),
    Event.INSTANCE_CONFLICTED: (_alert(least=_SERIOUS),),
    Event.INSTANCE_REFUSED: (_transferred(Cast.INCOMING, Action.CREATE, least=_MINOR),),
    # Analysing. What is only a step of our own work is an application activity.
    Event.RUN_OPENED: (_activity(),),
    Event.RUN_COMPLETED: (_activity(),),
    Event.MODEL_DECLINED: (_activity(),),
    Event.ANALYSIS_QUEUED: (_activity(),),
    Event.ANALYSIS_STARTED: (_accessed(Action.READ),),
    Event.ANALYSIS_RETURNED: (_activity(),),
    Event.ANALYSIS_REPORTED: (_accessed(Action.CREATE),),
    # Delivering. The sender does not know what the receiver held, so R (A.5.3.7).
    Event.DELIVERY_STARTED: (Rule(codes.BEGIN_TRANSFERRING, Cast.OUTGOING),),
    Event.DELIVERY_POSTPONED: (_transferred(Cast.OUTGOING, Action.READ, least=_MINOR),),
    Event.DELIVERY_DISAGREED: (_alert(least=_SERIOUS),),
    Event.REPORT_DELIVERED: (_transferred(Cast.OUTGOING, Action.READ),),
    Event.REPORT_REFUSED: (_transferred(Cast.OUTGOING, Action.READ, least=_SERIOUS),),
    Event.JOB_GIVEN_UP: (_activity(least=_SERIOUS),),
    Event.JOB_REOPENED: (_activity(),),
    # What is known of the patient changes by it (A.5.3.14); the instances stay as they are.
    Event.RESULT_ASSESSED: (_PATIENT_CHANGED,),
    # Configuration.
    Event.MODEL_IMPORTED: (_activity(codes.SOFTWARE_CONFIGURATION),),
    Event.PEER_CHANGED: (_alert(codes.NETWORK_CONFIGURATION),),
    # The process.
    Event.PROCESS_STARTED: (_activity(codes.APPLICATION_START),),
    Event.PROCESS_STOPPED: (_activity(codes.APPLICATION_STOP),),
    # Reading. A list shows several patients, which only a query may (A.5.3.6, A.5.3.10).
    Event.WORKLIST_VIEWED: (_QUERY,),
    Event.WORKLIST_SEARCHED: (_QUERY,),
    Event.STUDY_VIEWED: (_accessed(Action.READ),),
    Event.PICTURE_VIEWED: (_accessed(Action.READ),),
    Event.MODEL_VIEWED: (_activity(),),
    Event.OPERATIONS_VIEWED: (_activity(),),
    # The trail itself.
    Event.TRAIL_OPENED: (_alert(codes.AUDIT_RECORDING_STARTED),),
    Event.TRAIL_KEY_ROTATED: (_alert(codes.SECURITY_CONFIGURATION),),
    Event.TRAIL_VIEWED: (_LOG_USED,),
    Event.TRAIL_VERIFIED: (_LOG_USED,),
    Event.TRAIL_EXPORTED: (_LOG_USED, _EXPORT),
    Event.TRAIL_ALARMED: (_alert(least=_MINOR),),
    # Who finds a patient's surrogate can follow a person through the trail.
    Event.PATIENT_LOOKED_UP: (_alert(codes.USE_OF_RESTRICTED_FUNCTION),),
    Event.PATIENT_UNLINKED: (_PATIENT_CHANGED,),
    Event.HOLD_PLACED: (_alert(codes.OBJECT_SECURITY_CHANGED),),
    Event.HOLD_LIFTED: (_alert(codes.OBJECT_SECURITY_CHANGED),),
    # People and what they may do. A.5.2: an account that is locked is a major failure of logging in.
    Event.USER_LOGGED_IN: (_login(codes.LOGIN),),
    Event.USER_LOGGED_OUT: (_login(codes.LOGOUT),),
    Event.USER_LOGIN_FAILED: (_login(codes.LOGIN, least=_MINOR),),
    Event.USER_LOCKED: (_login(codes.LOGIN, least=_MAJOR),),
    Event.USER_UNLOCKED: (_alert(codes.USER_SECURITY_CHANGED),),
    Event.USER_CREATED: (_alert(codes.USER_SECURITY_CHANGED),),
    Event.USER_DEACTIVATED: (_alert(codes.USER_SECURITY_CHANGED),),
    Event.USER_PASSWORD_CHANGED: (_alert(codes.USER_SECURITY_CHANGED),),
    Event.USER_FACTOR_CHANGED: (_alert(codes.USER_SECURITY_CHANGED),),
    Event.USER_TRAINED: (_alert(codes.USER_SECURITY_CHANGED),),
    Event.USER_REFUSED: (_alert(codes.USE_OF_RESTRICTED_FUNCTION, least=_MINOR),),
    Event.POLICY_ACCEPTED: (_activity(),),
    Event.ROLE_GRANTED: (_alert(codes.SECURITY_ROLES_CHANGED),),
    Event.ROLE_WITHDRAWN: (_alert(codes.SECURITY_ROLES_CHANGED),),
    # Electronic signatures.
    Event.SIGNING_KEY_ENROLLED: (_alert(codes.USER_SECURITY_CHANGED),),
    Event.SIGNING_KEY_RETIRED: (_alert(codes.USER_SECURITY_CHANGED),),
    Event.RECORD_SIGNED: (_activity(),),
    Event.SIGNATURE_REFUSED: (_alert(codes.USE_OF_RESTRICTED_FUNCTION, least=_MINOR),),
    Event.REVIEW_OPENED: (_LOG_USED,),
    Event.PROTOCOL_REGISTERED: (_activity(),),
    Event.VALIDATION_ORDERED: (_activity(),),
    Event.VALIDATION_REFUSED: (_activity(least=_MINOR),),
    Event.VALIDATION_STARTED: (_activity(),),
    Event.VALIDATION_FINISHED: (_activity(),),
    Event.DATASET_USED: (_activity(),),
    Event.VALIDATION_VIEWED: (_activity(),),
    # Change control.
    Event.CHANGE_PLANNED: (_activity(),),
    Event.CHANGE_DECIDED: (_activity(),),
    # After market.
    Event.MONITORING_PLANNED: (_activity(),),
    Event.MONITORING_BREACHED: (_activity(least=_MINOR),),
    Event.MONITORING_REPORTED: (_activity(),),
    Event.PROBLEM_OPENED: (_activity(),),
    Event.PROBLEM_LINKED: (_activity(),),
    Event.PROBLEM_CLOSED: (_activity(),),
    Event.MODEL_SUSPENDED: (_activity(codes.SOFTWARE_CONFIGURATION),),
    Event.MODEL_RESUMED: (_activity(codes.SOFTWARE_CONFIGURATION),),
}

# For an entry of another version, or one that was altered below us.
UNKNOWN: Final = (_alert(least=_MINOR),)


_BY_NAME: Final = {str(event): rules for event, rules in RULES.items()}


def rules(event: str) -> tuple[Rule, ...]:
    """The messages of an event, by its name."""
    return _BY_NAME.get(event, UNKNOWN)

"""The codes of audit messages: DICOM PS3.16 CID 400 to 405, RFC 3881 as PS3.15 A.5 cites it, and our own."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

# What PS3.15 has no code for is said in codes of this scheme.
OWN_SCHEME = "99SAMD"


@dataclass(frozen=True, slots=True)
class Code:
    """One coded value (PS3.15 A.5.1, CodedValueType)."""

    value: str
    meaning: str
    scheme: str = "DCM"


class Action(StrEnum):
    """EventActionCode."""

    CREATE = "C"
    READ = "R"
    UPDATE = "U"
    DELETE = "D"
    EXECUTE = "E"


class ObjectType(IntEnum):
    """ParticipantObjectTypeCode."""

    PERSON = 1
    SYSTEM = 2


class ObjectRole(IntEnum):
    """Those values of ParticipantObjectTypeCodeRole that are used here."""

    PATIENT = 1
    REPORT = 3
    USER = 6
    SECURITY_RESOURCE = 13
    JOB = 20
    QUERY = 24
    PROCESSING_ELEMENT = 26


# CID 400, Audit Event ID.
APPLICATION_ACTIVITY = Code("110100", "Application Activity")
AUDIT_LOG_USED = Code("110101", "Audit Log Used")
BEGIN_TRANSFERRING = Code("110102", "Begin Transferring DICOM Instances")
INSTANCES_ACCESSED = Code("110103", "DICOM Instances Accessed")
INSTANCES_TRANSFERRED = Code("110104", "DICOM Instances Transferred")
EXPORT = Code("110106", "Export")
PATIENT_RECORD = Code("110110", "Patient Record")
QUERY = Code("110112", "Query")
SECURITY_ALERT = Code("110113", "Security Alert")
USER_AUTHENTICATION = Code("110114", "User Authentication")

# CID 401, Audit Event Type Code, and CID 403, Security Alert Type Code.
APPLICATION_START = Code("110120", "Application Start")
APPLICATION_STOP = Code("110121", "Application Stop")
LOGIN = Code("110122", "Login")
LOGOUT = Code("110123", "Logout")
NODE_AUTHENTICATION = Code("110126", "Node Authentication")
NETWORK_CONFIGURATION = Code("110128", "Network Configuration")
SECURITY_CONFIGURATION = Code("110129", "Security Configuration")
SOFTWARE_CONFIGURATION = Code("110131", "Software Configuration")
USE_OF_RESTRICTED_FUNCTION = Code("110132", "Use of Restricted Function")
AUDIT_RECORDING_STARTED = Code("110134", "Audit Recording Started")
OBJECT_SECURITY_CHANGED = Code("110135", "Object Security Attributes Changed")
SECURITY_ROLES_CHANGED = Code("110136", "Security Roles Changed")
USER_SECURITY_CHANGED = Code("110137", "User Security Attributes Changed")

# CID 402, Audit Active Participant Role ID Code.
APPLICATION = Code("110150", "Application")
LAUNCHER = Code("110151", "Application Launcher")
DESTINATION = Code("110152", "Destination Role ID")
SOURCE = Code("110153", "Source Role ID")
DESTINATION_MEDIA = Code("110154", "Destination Media")

# CID 405, Media Type Code.
URI_MEDIA = Code("110037", "URI")

# CID 404, Audit Participant Object ID Type Code, and those of RFC 3881.
STUDY_INSTANCE_UID = Code("110180", "Study Instance UID")
NODE_ID = Code("110182", "Node ID")
PATIENT_NUMBER = Code("2", "Patient Number", "RFC-3881")
SEARCH_CRITERIA = Code("10", "Search Criteria", "RFC-3881")
USER_IDENTIFIER = Code("11", "User Identifier", "RFC-3881")
URI = Code("12", "URI", "RFC-3881")
OWN_STUDY = Code("study", "Study as this device numbers it", OWN_SCHEME)
OWN_SUBJECT = Code("subject", "Row of this device", OWN_SCHEME)
OWN_MODEL = Code("model", "Digest of a model bundle", OWN_SCHEME)
OWN_ENTRY = Code("entry", "Entry of the audit trail", OWN_SCHEME)


def own_event(name: str) -> Code:
    """The EventTypeCode that says which of our events it was."""
    return Code(name, name.replace(":", " ", 1), OWN_SCHEME)

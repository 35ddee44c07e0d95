"""Outside judges of DICOM objects: dciodvfy of dicom3tools, and PixelMed's validator of SR templates."""

import os
import shutil
import subprocess
from pathlib import Path

from pydicom import dcmread

PROGRAMS = ("dciodvfy", "DicomSRValidator")

# The templates are large expressions, larger than Java's limits for what comes from strangers.
_JAVA = (
    "-Djdk.xml.xpathExprGrpLimit=0 -Djdk.xml.xpathExprOpLimit=0 -Djdk.xml.xpathTotalOpLimit=0 "
    "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
)
_VERDICTS = ("Root Template Validation Complete", "IOD validation complete")
_LIMIT = 300  # seconds


def missing_programs() -> list[str]:
    """The validators that are not installed here."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


def errors_of(path: Path) -> list[str]:
    """What the validators hold against the object at `path`; that one gives no verdict is an error too.

    The second one, which takes seconds, is asked about structured reports only.
    """
    modality = dcmread(path, specific_tags=["Modality"]).Modality
    return [*_iod_errors(path), *(_template_errors(path) if modality == "SR" else [])]


def _iod_errors(path: Path) -> list[str]:
    lines = _output(["dciodvfy", "-new", str(path)])
    judged = [line for line in lines if not line.startswith(("Error", "Warning"))]
    silence = [] if judged else ["dciodvfy gave no verdict"]
    return [line for line in lines if line.startswith("Error")] + silence


def _template_errors(path: Path) -> list[str]:
    lines = _output(["DicomSRValidator", str(path)], JAVA_TOOL_OPTIONS=_JAVA)
    silence = [f"DicomSRValidator did not say: {verdict}" for verdict in _VERDICTS if verdict not in lines]
    return [line for line in lines if line.startswith("Error")] + silence


def _output(command: list[str], **environment: str) -> list[str]:
    done = subprocess.run(
        command,
        check=False,
        text=True,
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=_LIMIT,
        env=os.environ | environment,
    )
    return done.stdout.splitlines()

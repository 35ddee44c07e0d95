"""samd: a DICOM node that runs imaging AI and returns results a quality officer can defend."""

VERSION = "0.1.0"

"""What several packages need: atomic writes, checksums, listings, worker processes, disabled telemetry."""

from bokwon.utilities.atomic import (
    check_target,
    is_part,
    part_beside,
    remove_own_parts,
    remove_parts,
    replacing,
    write_file,
)
from bokwon.utilities.checksums import key_of, sha256_of, sha256_of_file
from bokwon.utilities.listing import IMAGE_SUFFIXES, Listing, list_files, list_folder
from bokwon.utilities.processes import Lost, available_cores, in_processes, map_in_processes, run_in_processes
from bokwon.utilities.telemetry import switch_off_telemetry

__all__ = [
    "IMAGE_SUFFIXES",
    "Listing",
    "Lost",
    "available_cores",
    "check_target",
    "in_processes",
    "is_part",
    "key_of",
    "list_files",
    "list_folder",
    "map_in_processes",
    "part_beside",
    "remove_own_parts",
    "remove_parts",
    "replacing",
    "run_in_processes",
    "sha256_of",
    "sha256_of_file",
    "switch_off_telemetry",
    "write_file",
]

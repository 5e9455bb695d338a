"""Campaigns: programs that try to lose or damage runs in ways of their own invention.

``python scripts/campaign.py kill|damage|twice|fuzz --minutes 2 --seed 3`` prints one line with
counts, and the faults below it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from campaign_damage import damage
from campaign_fuzz import fuzz
from campaign_kill import kill
from campaign_twice import twice
from campaign_worlds import chance, make_data

CAMPAIGNS = {"kill": kill, "damage": damage, "twice": twice, "fuzz": fuzz}


def main() -> int:
    """Run one campaign; 1 if it found a fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("campaign", choices=CAMPAIGNS)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help="folder for the runs; a temporary one by default")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="campaign-") as temporary:
        folder = asked.work or Path(temporary)
        make_data(folder / "data")
        counts, faults = CAMPAIGNS[asked.campaign](
            chance(asked.seed),
            until=time.monotonic() + 60 * asked.minutes,
            folder=folder,
            data=folder / "data",
        )
    shown = json.dumps(dict(sorted(counts.items())))
    print(f"{asked.campaign} seed {asked.seed}: {len(faults)} faults, {shown}")
    for fault in faults:
        print(f"  {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())

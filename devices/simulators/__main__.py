"""`python -m devices.simulators --dir DIR --seed N`: the demo rigs until the process is ended."""

import argparse
import os
import signal
import sys
import threading

from devices.simulators.demo import demo_rigs


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m devices.simulators", description=__doc__)
    parser.add_argument("--dir", required=True, help="folder for links, state.json and control/")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=1.0, help="simulated seconds per real second")
    arguments = parser.parse_args()
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    parent = os.getppid()
    with demo_rigs(arguments.dir, seed=arguments.seed, speed=arguments.speed) as rigs:
        for rig in rigs.rigs.values():
            profile = rig.profile_id or "no profile"
            sys.stdout.write(f"{rig.name}: {rig.link} -> {rig.wire.computer} ({profile}, {rig.serial})\n")
        sys.stdout.flush()
        while not done.wait(1) and os.getppid() == parent:
            pass


if __name__ == "__main__":
    main()

"""Compares Autobahn's verdicts on the server reached directly and through the proxy.

Usage: compare.py INDEX.json; exit 0 if every case ended the same both ways.
"""

import collections
import json
import sys

# What a case came to: the verdict on its messages, on its close, and the code the server closed with.
FIELDS = ("behavior", "behaviorClose", "remoteCloseCode")

# Differing cases that are named.
SHOWN = 20


def outcome(case):
    return tuple(case[field] for field in FIELDS)


def main():
    with open(sys.argv[1]) as file:
        index = json.load(file)
    direct, proxied = index["direct"], index["proxied"]
    if not direct or direct.keys() != proxied.keys():
        sys.exit("Autobahn: %d cases direct, %d proxied" % (len(direct), len(proxied)))
    differing = [case for case in direct if outcome(direct[case]) != outcome(proxied[case])]
    for case in sorted(differing)[:SHOWN]:
        print("case %s: %s direct, %s proxied" % (case, outcome(direct[case]), outcome(proxied[case])))
    verdicts = collections.Counter(case["behavior"] for case in proxied.values())
    print(
        "Autobahn: %d of %d cases same as direct (%s)"
        % (
            len(direct) - len(differing),
            len(direct),
            ", ".join("%s %d" % pair for pair in sorted(verdicts.items())),
        )
    )
    sys.exit(bool(differing))


main()

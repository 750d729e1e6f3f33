"""Has rule engines inspect the same requests, and prints what a request costs each of them.

    python3 compare.py [OPTION...] --rules FOLDER --corpus FOLDER NAME=COMMAND...

An engine is a program: COMMAND, followed by a file of rules and the corpus's folder. It prints a line
with its version once the rules are loaded. After that, for each line `KIND COUNT` that it reads, it
takes the next COUNT requests of that kind through all phases, from the first again after the last,
and prints how many matches it logged and how many requests a rule stopped.

CPU time is the kernel's, of the whole process, so that threads for garbage collection count. All
engines are loaded throughout and take turns, window after window, so that what disturbs the machine
disturbs them alike. With --instructions, callgrind counts instead, one engine after the other: slow,
and the same on every machine.

Invariant: no figure is printed of engines that do not log the same number of matches, without saying
so. Non-goal: latency and throughput; an engine here has one request at a time.
"""

import argparse
import pathlib
import re
import shlex
import statistics
import subprocess
import sys
import time

KINDS = ["min", "get", "form", "json"]
LEVELS = [1, 4]
# Requests of each kind that all engines inspect before anything is measured.
ALIKE = {"min": 20, "get": 40, "form": 40, "json": 4}
# Requests of each kind that callgrind counts.
COUNTED = {"min": 20, "get": 20, "form": 20, "json": 2}
SUBJECT = "portcullis"
# Go interrupts its own threads by signals, which callgrind does not survive.
CALLGRIND = "env GODEBUG=asyncpreemptoff=1 valgrind -q --tool=callgrind --instr-atstart=no".split()


class Engine:
    """A running engine with the rules of one paranoia level."""

    def __init__(self, name, command, rules, corpus, wrapper=()):
        self.name = name
        self.process = subprocess.Popen(
            [*wrapper, *shlex.split(command), rules, corpus],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        self.version = self.answer()
        self.load_seconds = self.seconds()
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        self.load_kilobytes = int(re.search(r"VmRSS:\s*(\d+)", status)[1])

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.name} ended with {self.process.wait()}")
        return line.strip()

    def seconds(self):
        """CPU time so far: clock_getcpuclockid(3) makes the same clock out of a process's id."""
        return time.clock_gettime((~self.process.pid << 3) | 2)

    def inspect(self, kind, count):
        """CPU seconds, matches logged and requests stopped, of `count` requests."""
        before = self.seconds()
        self.process.stdin.write(f"{kind} {count}\n")
        self.process.stdin.flush()
        logged, stopped = map(int, self.answer().split())
        return self.seconds() - before, logged, stopped

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def alike(engines, kind):
    """Why the engines cannot be compared on a kind, or nothing."""
    seen = {}
    for engine in engines:
        _, logged, stopped = engine.inspect(kind, ALIKE[kind])
        seen[engine.name] = (logged, stopped)
    if len(set(seen.values())) == 1 and not any(stopped for _, stopped in seen.values()):
        return None
    found = ", ".join(f"{name} {logged} ({stopped})" for name, (logged, stopped) in seen.items())
    return f"{kind}: matches logged (requests stopped) differ: {found}"


def measure(engines, rounds, window):
    """Microseconds a request: kind -> engine -> one figure a round."""
    counts = {}
    for engine in engines:
        for kind in KINDS:
            warm = ALIKE[kind]
            seconds, _, _ = engine.inspect(kind, warm)
            counts[engine.name, kind] = max(1, round(window * warm / max(seconds, 1e-6)))
    costs = {kind: {engine.name: [] for engine in engines} for kind in KINDS}
    for _ in range(rounds):
        for kind in KINDS:
            for engine in engines:
                count = counts[engine.name, kind]
                seconds, _, _ = engine.inspect(kind, count)
                costs[kind][engine.name].append(seconds / count * 1e6)
    return costs


def control(command, process):
    said = subprocess.run(["callgrind_control", *command, str(process.pid)], capture_output=True, text=True)
    if "OK" not in said.stdout:
        sys.exit(f"callgrind_control: {said.stdout}{said.stderr}")


def count_instructions(engine, output):
    """Millions of instructions a request: kind -> a figure. The engine runs under callgrind."""
    figures = {}
    control(["--instr=on"], engine.process)
    for kind in KINDS:
        engine.inspect(kind, COUNTED[kind])
        control(["--zero"], engine.process)
        engine.inspect(kind, COUNTED[kind])
        control(["--dump"], engine.process)
        dumps = output.parent.glob(f"{output.name}.*")
        newest = max(dumps, key=lambda dump: int(dump.suffix[1:]))
        total = re.search(r"^(?:summary|totals): (\d+)", newest.read_text(), re.MULTILINE)[1]
        figures[kind] = int(total) / COUNTED[kind] / 1e6
    return figures


def spread(values):
    """Median and half the interquartile range, as written in a table."""
    median = statistics.median(values)
    if len(values) < 2:
        return digits(median)
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{digits(median)} ({digits((high - low) / 2)})"


def digits(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def line(cells):
    print("| " + " | ".join(cells) + " |")


def table(title, names, rows):
    """rows: (label, engine -> figures); the ratio is the median of those of each round."""
    base = SUBJECT if SUBJECT in names else names[0]
    others = [name for name in names if name != base]
    print(f"\n## {title}\n")
    line(["", *names, *(f"{name} / {base}" for name in others)])
    print("|" + "---|" * (1 + len(names) + len(others)))
    for label, figures in rows:
        ratios = (
            statistics.median(rival / own for rival, own in zip(figures[name], figures[base]))
            for name in others
        )
        line([label, *(spread(figures[name]) for name in names), *map(digits, ratios)])


def compare_time(options, engines):
    rows, loads, faults = [], [], []
    for level in options.levels:
        files = options.rules_file(level), options.corpus
        started = [Engine(name, command, *files) for name, command in engines.items()]
        if level == options.levels[0]:
            for engine in started:
                print(f"{engine.name}: {engine.version}")
        faults += [f"PL{level}, {fault}" for kind in KINDS if (fault := alike(started, kind))]
        costs = measure(started, options.rounds, options.window)
        rows += [(f"{kind}, PL{level}", costs[kind]) for kind in KINDS]
        spent = {engine.name: [engine.load_seconds * 1e3] for engine in started}
        held = {engine.name: [engine.load_kilobytes / 1024] for engine in started}
        loads.append((f"PL{level}: CPU time, in milliseconds", spent))
        loads.append((f"PL{level}: resident MiB, the corpus among it", held))
        for engine in started:
            engine.end()
    table("CPU time a request, in microseconds: median (half the interquartile range)", list(engines), rows)
    table("Loading the rules", list(engines), loads)
    print("\nAll engines logged the same number of matches." if not faults else "\n" + "\n".join(faults))


def compare_instructions(options, engines):
    rows = {(kind, level): {} for level in options.levels for kind in KINDS}
    for level in options.levels:
        for name, command in engines.items():
            output = pathlib.Path(options.output) / f"callgrind.{name}.{level}"
            for old in output.parent.glob(f"{output.name}.*"):
                old.unlink()
            wrapper = [*CALLGRIND, f"--callgrind-out-file={output}"]
            engine = Engine(name, command, options.rules_file(level), options.corpus, wrapper)
            for kind, figure in count_instructions(engine, output).items():
                rows[kind, level][name] = [figure]
            engine.end()
    table(
        "Instructions a request, in millions",
        list(engines),
        [(f"{kind}, PL{level}", figures) for (kind, level), figures in rows.items()],
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rules", required=True, help="folder with pl1.conf and pl4.conf")
    parser.add_argument("--corpus", required=True, help="folder that corpus.py wrote")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--window", type=float, default=0.3, help="CPU seconds of one turn of one engine")
    parser.add_argument("--level", type=int, action="append", dest="levels", help="paranoia level; may be repeated")
    parser.add_argument("--instructions", metavar="FOLDER", dest="output", help="for callgrind's files")
    parser.add_argument("engines", nargs="+", metavar="NAME=COMMAND")
    options = parser.parse_args()
    options.levels = options.levels or LEVELS
    options.rules_file = lambda level: f"{options.rules}/pl{level}.conf"
    engines = dict(engine.split("=", 1) for engine in options.engines)
    if options.output:
        compare_instructions(options, engines)
    else:
        compare_time(options, engines)


if __name__ == "__main__":
    main()

"""Whether processes grow: memory and descriptors, sampled over time."""

import os
import statistics
import threading
import time

# What a process may take more in the end than in the middle: pools of memory fill up late.
MEMORY_SHARE, MEMORY_ROOM, DESCRIPTOR_ROOM = 1.15, 16 * 1024 * 1024, 8


class Growth(threading.Thread):
    """Samples processes every few seconds. Of one that was started again only the time since counts."""

    def __init__(self, processes, names):
        super().__init__(daemon=True)
        self.processes, self.names, self.over = processes, names, False
        self.samples = {name: (0, []) for name in names}

    def run(self):
        while not self.over:
            for name in self.names:
                self._sample(name)
            time.sleep(2)

    def _sample(self, name):
        pid = self.processes.processes[name].pid
        try:
            with open(f"/proc/{pid}/status") as file:
                resident = next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS:"))
            descriptors = len(os.listdir(f"/proc/{pid}/fd"))
        except (OSError, StopIteration):
            return
        known, values = self.samples[name]
        if known != pid:
            values = []
        values.append((resident, descriptors))
        self.samples[name] = pid, values

    def found(self):
        """By process what it took in the middle and in the end, and a sentence for each that grew."""
        facts, grown = {}, []
        for name, (_, values) in self.samples.items():
            if len(values) < 20:
                facts[name] = "too short a time without a start"
                continue
            quarter = len(values) // 4
            middle, end = values[quarter:2 * quarter], values[-quarter:]
            memory = [statistics.median(value[0] for value in part) for part in (middle, end)]
            descriptors = [statistics.median(value[1] for value in part) for part in (middle, end)]
            facts[name] = (f"{memory[0] / 1e6:.0f} to {memory[1] / 1e6:.0f} MB, {descriptors[0]:.0f} to "
                           f"{descriptors[1]:.0f} descriptors in {2 * len(values)} s")
            if memory[1] > MEMORY_SHARE * memory[0] + MEMORY_ROOM or descriptors[1] > descriptors[0] + DESCRIPTOR_ROOM:
                grown.append(f"{name}: {facts[name]}")
        return facts, grown

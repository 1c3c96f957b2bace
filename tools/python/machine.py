# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""What figures are of."""
import platform


def machine():
    """In one line, and whether it is an emulated one."""
    with open("/proc/cpuinfo") as file:
        models = [line.split(":")[1].strip() for line in file
                  if line.startswith("model name")]
    emulated = ", emulated: times say how they compare, not what they are" \
        if "TCG" in models[0] else ""
    return (f"{len(models)} CPUs, {models[0]}{emulated}; Linux {platform.release()}, "
            f"Python {platform.python_version()}")

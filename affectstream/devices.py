"""Lists cameras, the back ends that networks can run on, and what `auto` would choose: `affectstream devices`."""

import os
import sys
from pathlib import Path

from capture.sources import camera_opens
from shared.compute import choose_device, computes_bf16, import_openvino
from shared.errors import ConfigurationError
from shared.settings import load_settings


def main() -> int:
    """Entry point."""
    cameras = [index for index in candidates(sys.platform) if camera_opens(index)]
    print("cameras      " + (", ".join(map(str, cameras)) or "none that opens"))
    print(f"source       AFFECT_CAPTURE_SOURCE=auto takes {'camera 0' if 0 in cameras else 'the demo'}")
    core = import_openvino().Core()
    precision = "bfloat16" if computes_bf16(core) else "float32"
    print(f"cpu          {core.get_property('CPU', 'FULL_DEVICE_NAME')}, {os.cpu_count()} cores, {precision}")
    for device in ("cuda", "mps"):
        try:
            print(f"{device:<12} {choose_device(device) and 'usable'}")
        except ConfigurationError as error:
            print(f"{device:<12} no: {error}")
    try:
        chosen = load_settings().device
        print(f"networks     AFFECT_DEVICE={chosen} takes {choose_device(chosen)}")
    except ConfigurationError as error:
        print(f"networks     {error}")
        return error.exit_code
    return 0


def candidates(system: str, devices: Path = Path("/dev")) -> list[int]:
    """Numbers of devices that may be cameras; only Linux lists them as files."""
    if system != "linux":
        return list(range(4))
    return sorted(int(name) for path in devices.glob("video*") if (name := path.name[5:]).isdecimal())


if __name__ == "__main__":
    sys.exit(main())

#!/bin/sh
# Gets a Chromium for the browser tests and says plainly where from: the machine's own, the system's packages, or Playwright's download.
python=${1:-python3}
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" >/dev/null 2>&1; then
        echo "Browser tests use the $name already on this machine: $("$name" --version 2>/dev/null)"
        exit 0
    fi
done
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    echo "Browser tests: installing Chromium with the system's packages (apt-get) ..."
    if apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null && command -v chromium >/dev/null; then
        echo "Browser tests use the system's Chromium: $(chromium --version)"
        exit 0
    fi
fi
echo "Browser tests: downloading Playwright's Chromium ..."
if "$python" -m playwright install chromium; then
    echo "Browser tests use Playwright's own Chromium"
    exit 0
fi
echo "No Chromium: none on this machine, none from the system's packages, none from Playwright. Install one (for example: apt-get install chromium) and run again." >&2
exit 1

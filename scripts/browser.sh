#!/bin/sh
# See to it that there is a browser for the tests: the system's Chromium, else Playwright's own.
set -eu

if command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1; then
    exit 0
fi
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    echo "browser: installing Chromium with apt-get" >&2
    if apt-get update -qq >/dev/null 2>&1 && apt-get install -y -qq chromium >/dev/null 2>&1; then
        exit 0
    fi
fi
echo "browser: installing Playwright's own Chromium" >&2
if "$1" -m playwright install chromium >/dev/null 2>&1; then
    exit 0
fi
echo "browser: the tests need Chromium: install it (on Debian: apt install chromium) and try again" >&2
exit 2

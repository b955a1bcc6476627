#!/bin/sh
# Gets a Java for the tests of the Spark engine and says plainly where from: the machine's own, or the system's packages.
at_least=17
version() {
    "$1" -version 2>&1 | sed -n 's/.*version "\(1\.\)\{0,1\}\([0-9]*\).*/\2/p' | head -n 1
}
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
if command -v "$java" >/dev/null 2>&1; then
    found=$(version "$java")
    if [ "${found:-0}" -ge "$at_least" ]; then
        echo "Spark tests use the Java $found already on this machine"
        exit 0
    fi
fi
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    echo "Spark tests: installing Java with the system's packages (apt-get) ..."
    if apt-get update -qq; then
        for package in openjdk-17-jre-headless openjdk-21-jre-headless default-jre-headless; do
            if DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package" >/dev/null 2>&1 && [ "$(version java)" -ge "$at_least" ] 2>/dev/null; then
                echo "Spark tests use the system's Java $(version java)"
                exit 0
            fi
        done
    fi
fi
echo "No Java $at_least or newer: none on this machine${found:+ (it has Java $found)}, none from the system's packages. Install one (for example: apt-get install openjdk-17-jre-headless), or set JAVA_HOME, and run again." >&2
exit 1

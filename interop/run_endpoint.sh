#!/bin/sh
# The entry of the image for the QUIC interop runner: ROLE, TESTCASE, REQUESTS, SSLKEYLOGFILE and QLOGDIR say what to do.
set -e
here=$(dirname "$0")

# Routes through the simulated network
if [ -x /setup.sh ]; then /setup.sh; fi
if [ "$ROLE" = client ] && [ -x /wait-for-it.sh ]; then
  /wait-for-it.sh sim:57832 -s -t 30
fi

exec node "$here/$ROLE.js"

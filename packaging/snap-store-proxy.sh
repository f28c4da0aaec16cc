#!/bin/sh
# Runs the program with the runtime that was installed with it: nothing else on the machine is needed.
here=$(readlink -f "$0") || exit 1
version=${here%/bin/*}
exec "$version/runtime/bin/node" "$version/program/dist/cli.js" "$@"

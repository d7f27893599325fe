#!/bin/sh
# A sample hook of `greenlane agent`: one command comes on standard input, as JSON. Copy it, and put the calls of your
# own network where it says so. `greenlane agent --help` has the rest.
set -eu
umask 077
place="$GREENLANE_STATE/commands"
mkdir -p "$place"
file="$place/${GREENLANE_COMMAND_ID:-snapshot}.json"
cat >"$file.new"
mv "$file.new" "$file"

case $GREENLANE_KIND in
  SHUTDOWN) ;; # cut .scopes of .msisdns, and send each of .notices to its subscriber before
  RESTORE) ;;  # let .scopes of .msisdns work again, and send each of .notices
  VERIFY) ;;   # read from the network whether it is so, and print what is otherwise
  SNAPSHOT) ;; # .numbers is everything that is to be off: make the network so
esac

# A drill cuts nothing, and answers as if: GREENLANE_DRILL is `yes` then.
# A command that was begun before, and may be done already, has GREENLANE_TIMES above 1.
# Nothing printed and exit code 0: all of it is done. For numbers that went otherwise, print them:
#   [{"msisdn": "+8617000000001", "outcome": "FAILED", "code": "HLR_BUSY"}]

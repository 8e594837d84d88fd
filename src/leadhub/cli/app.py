"""Where the program starts. Start here: the commands are in `leadhub.cli.program`.

Everything else is imported inside `main`: that takes a second, and whoever presses Ctrl-C in it is answered as at any other time.
"""

import sys
from collections.abc import Sequence

_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Every error ends as one message: what, where, why, and the next command."""
    args = sys.argv[1:] if argv is None else argv
    try:
        from leadhub.cli.program import run

        return run(args)
    except KeyboardInterrupt:
        sys.stderr.write(
            "Interrupted. What was in flight is journaled; nothing is half done that the next run does not look after.\n"
            "Next: the same command again goes on from there; leadhub runs list shows what was done.\n"
        )
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())

import sys


class Problem(Exception):
    """Something the user can mend: it names the file, tensor or option, what was expected and what was found."""


def say(message):
    print(message, file=sys.stderr)

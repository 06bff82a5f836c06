"""What enters and leaves Anemoi's network, and where foehn's network has the same."""

from climate2weather.problem import Problem

# Sines and cosines of places, as Anemoi's node attributes and as foehn's cells and nodes order them.
PLACES = ("sin_latitude", "sin_longitude", "cos_latitude", "cos_longitude")
OWN_PLACES = ("sin_latitude", "cos_latitude", "sin_longitude", "cos_longitude")
DATES = ("sin_year", "cos_year", "sin_day", "cos_day")


def read_channels(path):
    """The lines of a file of channels, without comments."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(f"--channels: {path}: {error}") from error
    channels = [" ".join(line.split("#")[0].split()) for line in lines]
    return [channel for channel in channels if channel]


def own_channels(architecture):
    """Of foehn's network of one hour, in its order; None: a channel that Anemoi does not know."""
    variables = architecture["variables"]
    return ([f"noisy {name}" for name in variables] + [f"coarse {name}" for name in variables]
            + [None] * architecture.get("extra_inputs", 0)
            + [f"static {name}" for name in architecture.get("static_fields", [])] + list(OWN_PLACES)
            + list(DATES if architecture.get("dates") else ()))


def check_channels(path, channels, architecture):
    """Each is one of foehn's, and stands once; each of foehn's that Anemoi may know stands there.

    Dates are the only ones that Anemoi's network need not know: a column of zeros ignores them."""
    own = [channel for channel in own_channels(architecture) if channel is not None]
    problems = [f"'{channel}' has no counterpart" for channel in channels if channel not in own]
    problems += [f"'{channel}' stands more than once" for channel in sorted(set(channels)) if channels.count(channel) > 1]
    problems += [f"'{channel}' is missing" for channel in own if channel not in channels and channel not in DATES]
    if problems:
        raise Problem(f"--channels: {path}: {'; '.join(problems)}; the prior has {', '.join(own)}")


def outputs(channels):
    """Variables in the order of Anemoi's output, which is that of its noisy targets."""
    return [channel.split(" ", 1)[1] for channel in channels if channel.startswith("noisy ")]

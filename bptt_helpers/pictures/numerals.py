"""How numbers are written in pictures and live text: short, the sign in view, overflow called by its name."""

from math import floor, isfinite, isnan


def short(value):
    """At most five characters, for crowded places: ".60", "−1.2", "3e11", "∞", "?" (not a number)."""
    if isnan(value):
        return "?"
    if not isfinite(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if size >= 99.5:
        text = f"{size:.0f}" if size < 999.5 else f"{size:.0e}".replace("e+0", "e").replace("e+", "e")
    elif size >= 9.95:
        text = f"{size:.0f}"
    elif size >= 0.995:
        text = f"{size:.1f}"
    else:
        text = f"{size:.2f}"[1:]
    text = "0" if text == ".00" else text
    return "−" + text if value < 0 and text != "0" else text


def signed(value, digits=4):
    """A number with its sign, mostly of one width: "+0.3386", "−0.0483", "+3.1e-07", "overflow"."""
    if not isfinite(value):
        return "overflow"
    if value != 0 and not 10.0**-digits <= abs(value) < 1e4:
        text = f"{value:+.1e}"
    else:
        text = f"{value:+.{digits}f}"
    return "−" + text[1:] if value < 0 else "+" + text[1:]


def tight(value):
    """A number with its sign in at most seven characters: "+0.339", "−57.00", "−3e-16", "+∞"."""
    if not isfinite(value):
        return "?" if isnan(value) else "+∞" if value > 0 else "−∞"
    size = abs(value)
    if size == 0 or 0.0005 <= size < 9999.5:
        text = f"{size:.{3 if size < 9.9995 else 2 if size < 99.995 else 1 if size < 999.95 else 0}f}"
    else:
        text = f"{size:.0e}"
    return ("−" if value < 0 else "+") + text


def plain(value, digits=4):
    """As `signed`, but a plus is not written."""
    return signed(value, digits).removeprefix("+")


def of_log10(log, digits=3):
    """A positive number, given by its log10 and so of any size: "0.683", "3.1e-07", "1.0e+412"."""
    if -digits <= log < 4:
        return plain(10.0**log, digits)
    exponent = floor(log)
    mantissa = f"{10.0 ** (log - exponent):.1f}"
    return f"1.0e{exponent + 1:+03d}" if mantissa == "10.0" else f"{mantissa}e{exponent:+03d}"

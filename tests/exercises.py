"""What the tests of exercises share."""


def said(capsys, check, *given):
    """What a check prints on an answer: str."""
    check(*given)
    return capsys.readouterr().out.strip()

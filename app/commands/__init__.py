"""What the command line does; `__main__` only reads its arguments."""


class ServiceRefused(Exception):
    """The service did not answer, or answered with a problem document; the message is for the person who typed."""

"""What holds for every session of tests."""

import gc


def pytest_collection_finish() -> None:
    """Spare the searches for garbage what was collected: it lives as long as the session."""
    gc.freeze()

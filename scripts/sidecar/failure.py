"""Why a run ends before it is done."""

from __future__ import annotations


class Failure(Exception):
    """A run that cannot go on: a stable code for machines, one sentence for people."""

    def __init__(self, cause: str, message: str):
        super().__init__(message)
        self.cause = cause
        self.message = message


class Cancelled(BaseException):
    """SIGTERM or SIGINT. Not an Exception: no library may take it for an error of its own and go on."""


def first_words(error: Exception) -> str:
    """The error's type and the first line of what it says."""
    reason = (str(error).splitlines() or [""])[0].rstrip(".")
    return f"{type(error).__name__}: {reason}"


def is_out_of_memory(error: BaseException) -> bool:
    """
    torch.OutOfMemoryError, and what CUDA, cuBLAS and NCCL say where it was not torch's allocator that asked.
    """
    words = ("CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "Failed to CUDA calloc")
    return type(error).__name__ == "OutOfMemoryError" or any(text in str(error) for text in words)

"""What tests of the admin API need of its description."""

from .admin import Admin
from .contract import DOCUMENT, OPERATIONS, Operation, operation_of

CheckedAdmin = Admin  # every client is checked

__all__ = ["DOCUMENT", "OPERATIONS", "CheckedAdmin", "Operation", "operation_of"]

"""The deploy host: processes and their errors, scratch folders, digests of file trees, `doctor`'s checks."""

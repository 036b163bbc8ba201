"""A consistent copy of database and files, and the way back.

    BACKUP/manifest.json        what was copied, with counts and digests
    BACKUP/database/…           SQLite: one database file; PostgreSQL: one COPY file per table
    BACKUP/files/ab/cd/abcd…    the stored files; each name is the SHA-256 of its content

The database is copied first: a stored file is on disk before its row, so every file the copy names can be found. Keys and
secrets are not part of a backup (lims/docs/operations.md).
"""

"""The instrument ledger as an XLSX file: its columns, reading files nobody vouches for, writing. No database."""

"""Keeping an installation alive: watching an inbox, looking after its health, backups, retention and the pseudonym key. No row is read or judged here."""

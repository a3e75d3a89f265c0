"""What the black-box tests stand on: real executables, a real MariaDB, and clients that check every answer."""

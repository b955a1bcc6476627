"""What a row is: fields, code lists, tables and the reference a site brings. Nothing here reads a file of logs."""

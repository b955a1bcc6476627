"""The edge of the service: what a request meets before the pages do, and the files that put the service behind a proxy. No figure and no page is made here."""

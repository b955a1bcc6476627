"""Who may see what: sign-in, roles, the terminals a person sees, and the audit log. No Streamlit, no connection; dashboard/widgets/door.py is the door of the pages.

    viewer.py   who asks (Viewer, Person), the roles and what each may do, why somebody is refused
    rules.py    home/settings/access.toml: the provider, and which group or person has which roles, terminals and ports
    ended.py    sign-ins that have ended before their token did
    asking.py   who is asking right now, in whatever thread; where nobody signs in it is the house
    scope.py    what a viewer of some terminals may ask
    audit.py    what was done, by whom, appended to home/audit
    refusals.py who asked in vain, in the audit log too, one line a minute of a person and a thing

`store` asks `asking.current()` at every question, so that pages, exports and briefings need not hand anybody over. docs/access.md says it in plain words.
"""

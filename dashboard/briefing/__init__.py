"""Papers: briefings and the truck record, made without a browser and without Streamlit. Nothing is computed here that the pages do not show.

    from dashboard.briefing import compose, paper
    deck = compose.deck(store.of(), selection, preset="delegation", lang="fr")    # frozen sections: see deck.py, the seam every renderer draws from
    paper.of_deck(deck)                                                           # PDF/UA-1, the same bytes for the same build

A further form (slides, a page for phones, a screen for a meeting room) is a module beside paper.py: Deck in, bytes out, no question asked. It walks
`deck.sections` (one idea each), draws each of `section.figures` by its class, writes `section.finding` as the title and `section.under`
(n, period, source) beneath, keeps `section.limits`, puts `deck.stamp` wherever the data are a sample, and takes `deck.made_at` as the date of the file.
"""

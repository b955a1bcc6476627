"""Small Streamlit parts the pages are put together from. No SQL and no arithmetic here: they show what the store answered."""

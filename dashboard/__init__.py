"""The show rooms: one build in, pages, figures and files out. Imports of etl only contracts, warehouse, clock, errors, settings."""

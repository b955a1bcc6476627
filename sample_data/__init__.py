"""The fictitious sample port: its site folder, its simulator and a small committed sample. Nothing here is measured."""

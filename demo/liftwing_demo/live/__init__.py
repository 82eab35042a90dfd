"""Edits while somebody looks, and the way of their events: what MediaWiki and ChangeProp do."""

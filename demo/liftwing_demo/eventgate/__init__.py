"""The demo EventGate: takes events, checks them, shows them, and fails on demand."""

"""Aged pages whose text is known."""

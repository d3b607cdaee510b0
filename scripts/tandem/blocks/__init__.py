"""What does a block promise? One module a kind of fence: parse it, compare what came."""

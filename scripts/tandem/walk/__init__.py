"""What happens, in order? One reader follows one page."""

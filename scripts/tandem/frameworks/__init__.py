"""What is Flask, what is Django? The only room that names either."""

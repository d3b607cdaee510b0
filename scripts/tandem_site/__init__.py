"""What makes a site of the pages: parts of pages while it is built, files beside them after.

Panels, notes and links to terms are made inside Markdown, so that every builder that reads
`mkdocs.yml` has them. `finish` works on the built folder.
"""

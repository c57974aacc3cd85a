"""How well models restore photos and faces, and how well finders find faces."""

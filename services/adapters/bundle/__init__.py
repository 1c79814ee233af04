"""The bundle on disk: format, reader, writer, and the pointer that says which one is served."""

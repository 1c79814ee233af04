"""The forms in which people hold film data: recognised by header and content, and read into one data set."""

"""The forms of film data in the wild: recognised by header and content, and read into one data set."""

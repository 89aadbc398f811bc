//! Windows. Not written yet: what belongs here is the list in `os`.

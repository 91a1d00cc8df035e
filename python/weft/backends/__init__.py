"""The backends that come with weft. Others are found by the entry-point group ``weft.backends``."""

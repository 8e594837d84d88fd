"""Questions asked of the store: read only, without calling any system."""

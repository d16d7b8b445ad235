"""Work on regions: tools that order, compare, measure and combine regions. They need no model."""

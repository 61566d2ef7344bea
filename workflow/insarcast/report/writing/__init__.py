"""Words of the page: numbers and directions in words, tables, what a figure says, what a cube says."""

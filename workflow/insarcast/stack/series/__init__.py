"""Ready displacement series: from tables of any form to one array of points."""

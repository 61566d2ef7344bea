"""The page itself: its sections, its HTML, what it records of study and software, its glossary."""

"""Files of mentions: JSON lines, CSV and Parquet, with a parser or a column mapping; the composition root comes in."""

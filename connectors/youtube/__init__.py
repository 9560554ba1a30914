"""YouTube's comments, through its Data API: an API key and a daily quota; the composition root comes in."""

"""The mathematics: pure functions, tables in and reports out; services and jobs come in."""

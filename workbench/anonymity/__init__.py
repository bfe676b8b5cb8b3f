"""What an observer learns: measures, closed forms, attacks, planning."""

"""What tests share: processes they start, models they make, the stock library's answers."""
